//! The version that `loom use` or `loom rollback` chose: the default where no flag, variable or file names one.
//!
//! Kept in `use/` of the state folder, one file per program.

use std::path::PathBuf;

use loom_source::{Authority, Name, Slot};
use serde::{Deserialize, Serialize};

use crate::state::{StateDir, StateError, StateFile};

/// The document; older versions wrote the version alone, or not what chose it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum ChosenVersion {
    Document {
        version: String,
        #[serde(default)]
        by: ChosenBy,
        /// Where none is chosen: the number of the generation that was the current one before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
    },
    Text(String),
}

/// The command that chose the version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChosenBy {
    /// `loom use`
    #[default]
    Use,
    /// `loom rollback`
    Rollback,
}

/// The version in the document where none is chosen: no version has this name, so that none is read.
const LATEST: &str = "latest";

fn file(state: &StateDir, authority: &Authority, binary: &Name) -> StateFile {
    state.file(format!("use/{authority}@{binary}.json"))
}

/// The path of the file that says which version is chosen.
pub fn path(state: &StateDir, authority: &Authority, binary: &Name) -> PathBuf {
    file(state, authority, binary).path().to_owned()
}

/// The chosen version, or the development build; `None` where none is chosen.
///
/// # Errors
/// [`StateError`] where the file is there and cannot be read.
pub fn load(
    state: &StateDir,
    authority: &Authority,
    binary: &Name,
) -> Result<Option<Slot>, StateError> {
    Ok(load_with_command(state, authority, binary)?.map(|(slot, _)| slot))
}

/// As [`load`], with the command that chose it.
///
/// # Errors
/// As for [`load`].
pub fn load_with_command(
    state: &StateDir,
    authority: &Authority,
    binary: &Name,
) -> Result<Option<(Slot, ChosenBy)>, StateError> {
    let chosen: Option<ChosenVersion> = file(state, authority, binary).read_json()?;
    let chosen = chosen.map(|chosen| match chosen {
        ChosenVersion::Document { version, by, .. } => (version, by),
        ChosenVersion::Text(version) => (version, ChosenBy::Use),
    });
    Ok(chosen.and_then(|(version, by)| Some((version.parse().ok()?, by))))
}

/// The chosen versions of all programs. A file that cannot be used chooses none.
///
/// # Errors
/// [`StateError`] where the folder is there and cannot be listed.
pub fn all(state: &StateDir) -> Result<Vec<(Authority, Name, Slot)>, StateError> {
    let chosen = |file: String| {
        let (authority, binary) = file.strip_suffix(".json")?.split_once('@')?;
        let (authority, binary) = (authority.parse().ok()?, binary.parse().ok()?);
        let slot = load(state, &authority, &binary).ok()??;
        Some((authority, binary, slot))
    };
    Ok(state.folder("use").names()?.into_iter().filter_map(chosen).collect())
}

/// Chooses a version, or the development build.
///
/// # Errors
/// [`StateError`] where the file cannot be written.
pub fn save(
    state: &StateDir,
    authority: &Authority,
    binary: &Name,
    slot: &Slot,
    by: ChosenBy,
) -> Result<(), StateError> {
    let chosen = ChosenVersion::Document { version: slot.to_string(), by, after: None };
    file(state, authority, binary).write_document(&chosen)
}

/// Chooses no version after one was chosen: the default is the latest one again. `generation` is the number of the current
/// generation.
///
/// # Errors
/// [`StateError`] where the file cannot be written.
pub fn save_latest(
    state: &StateDir,
    authority: &Authority,
    binary: &Name,
    generation: u64,
) -> Result<(), StateError> {
    let (version, after) = (LATEST.to_owned(), Some(generation));
    let chosen = ChosenVersion::Document { version, by: ChosenBy::Use, after };
    file(state, authority, binary).write_document(&chosen)
}

/// The number of the generation that was the current one when [`save_latest`] was called; `None` where a version is chosen, or none
/// ever was.
///
/// # Errors
/// As for [`load`].
pub fn left_generation(
    state: &StateDir,
    authority: &Authority,
    binary: &Name,
) -> Result<Option<u64>, StateError> {
    Ok(match file(state, authority, binary).read_json()? {
        Some(ChosenVersion::Document { after, .. }) => after,
        Some(ChosenVersion::Text(_)) | None => None,
    })
}

/// Removes the choice; returns whether there was one.
///
/// # Errors
/// [`StateError`] where the file cannot be removed.
pub fn clear(state: &StateDir, authority: &Authority, binary: &Name) -> Result<bool, StateError> {
    file(state, authority, binary).remove()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_kept_read_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::new(folder.path());
        let (authority, binary) = (Authority::default(), Name::default());
        let slot: Slot = "0.2.0".parse().unwrap();
        assert_eq!(load(&state, &authority, &binary).unwrap(), None);
        save(&state, &authority, &binary, &slot, ChosenBy::Rollback).unwrap();
        let chosen = || load_with_command(&state, &authority, &binary).unwrap();
        assert_eq!(chosen(), Some((slot.clone(), ChosenBy::Rollback)));
        assert_eq!(all(&state).unwrap(), [(authority.clone(), binary.clone(), slot.clone())]);
        let file = file(&state, &authority, &binary);
        let document = b"{\"schema\":1,\"version\":\"0.2.0\",\"by\":\"rollback\"}\n";
        assert_eq!(file.read().unwrap().unwrap(), document);
        file.write(br#"{"schema":1,"version":"0.2.0"}"#).unwrap();
        assert_eq!(chosen(), Some((slot.clone(), ChosenBy::Use)), "of an older version");
        save_latest(&state, &authority, &binary, 7).unwrap();
        assert_eq!(chosen(), None);
        assert_eq!(left_generation(&state, &authority, &binary).unwrap(), Some(7));
        file.write(b"\"0.2.0\"").unwrap();
        assert_eq!(load(&state, &authority, &binary).unwrap(), Some(slot), "of an older version");
        assert!(clear(&state, &authority, &binary).unwrap());
        assert!(!clear(&state, &authority, &binary).unwrap());
        assert_eq!(all(&state).unwrap(), []);
    }
}
