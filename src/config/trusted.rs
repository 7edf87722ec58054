//! The projects that the user trusts: a file in the state folder.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use loom_source::Digest;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::state::{StateDir, StateFile};

/// The projects that the user trusts: for each `loom.toml`, by its canonical path, the digest of the settings that are
/// trusted. A file is not trusted any more when one of these settings has changed.
///
/// # Examples
/// ```
/// use loom_runtime::{config::Trusted, state::StateDir};
/// use loom_source::Digest;
/// use std::path::Path;
///
/// let folder = tempfile::tempdir()?;
/// let state = StateDir::new(folder.path());
/// let file = Path::new("/p/loom.toml");
/// let settings = Digest::of(b"settings");
/// Trusted::update(&state, |trusted| trusted.trust(file.to_owned(), settings))?;
/// assert!(Trusted::load(&state)?.contains(file, &settings));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trusted(BTreeMap<PathBuf, Digest>);

#[derive(Serialize, Deserialize)]
struct TrustedDocument {
    schema: u32,
    projects: Vec<TrustedProject>,
}

#[derive(Serialize, Deserialize)]
struct TrustedProject {
    file: PathBuf,
    sha256: Digest,
}

impl Trusted {
    fn file(state: &StateDir) -> StateFile {
        state.file("trusted.json")
    }

    /// Reads the list; it is empty if there is no file.
    ///
    /// # Errors
    /// If the file cannot be read, or its content cannot be understood.
    pub fn load(state: &StateDir) -> Result<Self, ConfigError> {
        let file = Self::file(state);
        let fail = |why: String| ConfigError::ReadTrusted { file: file.path().to_owned(), why };
        let Some(bytes) = file.read()? else { return Ok(Self::default()) };
        let document: TrustedDocument =
            loom_source::json::strict(&bytes).map_err(|error| fail(error.to_string()))?;
        if document.schema != 1 {
            return Err(fail(format!("expected schema 1, got {}", document.schema)));
        }
        Ok(Self(document.projects.into_iter().map(|p| (p.file, p.sha256)).collect()))
    }

    /// Reads the list, changes it and writes it, while no other process does; returns what `change` returns.
    ///
    /// # Errors
    /// As for [`load`](Self::load), and if the file cannot be locked or written.
    pub fn update<T>(
        state: &StateDir,
        change: impl FnOnce(&mut Self) -> T,
    ) -> Result<T, ConfigError> {
        let _lock = Self::file(state).lock(&mut || {})?;
        let mut trusted = Self::load(state)?;
        let result = change(&mut trusted);
        trusted.save(state)?;
        Ok(result)
    }

    fn save(&self, state: &StateDir) -> Result<(), ConfigError> {
        let project = |(file, sha256): (&PathBuf, &Digest)| TrustedProject {
            file: file.clone(),
            sha256: *sha256,
        };
        let projects = self.0.iter().map(project).collect();
        Self::file(state).write_json(&TrustedDocument { schema: 1, projects })?;
        Ok(())
    }

    /// Whether exactly these settings of this file are trusted.
    pub fn contains(&self, file: &Path, settings: &Digest) -> bool {
        self.0.get(file) == Some(settings)
    }

    /// Trusts these settings of this file, in place of those that were trusted before.
    pub fn trust(&mut self, file: PathBuf, settings: Digest) {
        self.0.insert(file, settings);
    }

    /// Removes this file from the list; returns whether it was in it.
    pub fn revoke(&mut self, file: &Path) -> bool {
        self.0.remove(file).is_some()
    }

    /// The trusted files and the digests of their trusted settings, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Digest)> {
        self.0.iter().map(|(file, digest)| (file.as_path(), digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_trusted_until_it_is_revoked() {
        let state = tempfile::tempdir().unwrap();
        let file = PathBuf::from("/p/loom.toml");
        let one = Digest::of(b"one");
        let other = Digest::of(b"other");
        let state = StateDir::new(state.path().join("new/folder"));
        let mut trusted = Trusted::load(&state).unwrap();
        trusted.trust(file.clone(), one);
        trusted.save(&state).unwrap();
        let mut again = Trusted::load(&state).unwrap();
        assert_eq!(again, trusted);
        assert!(again.contains(&file, &one));
        assert!(!again.contains(&file, &other));
        assert!(again.revoke(&file));
        assert!(!again.revoke(&file));
        assert!(!again.contains(&file, &one));
    }

    #[test]
    fn the_error_for_a_damaged_list_names_the_file() {
        let state = tempfile::tempdir().unwrap();
        for text in ["", "{}", r#"{"schema": 2, "projects": []}"#] {
            let state = StateDir::new(state.path());
            Trusted::file(&state).write(text.as_bytes()).unwrap();
            let error = Trusted::load(&state).unwrap_err();
            assert!(error.to_string().contains("trusted.json"), "{error}");
        }
    }
}
