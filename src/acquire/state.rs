//! Small JSON files in the state folder: read whole, written aside and renamed.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

/// A file of the state folder could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("could not {act} {path}")]
pub struct StateError {
    act: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl StateError {
    /// Whether the disk is full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// The document at `path`; `None` where there is none. One that cannot be understood counts as none:
/// everything kept this way is memory that a run can do without.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StateError> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
        Err(e)
            if e.kind() == io::ErrorKind::NotFound || e.kind() == io::ErrorKind::NotADirectory =>
        {
            Ok(None)
        }
        Err(source) => Err(StateError { act: "read", path: path.to_owned(), source }),
    }
}

/// Replaces the document at `path`.
pub(super) fn write<T: Serialize>(path: &Path, document: &T) -> Result<(), StateError> {
    let fail = |source| StateError { act: "write", path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(fail)?;
    let mut aside = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    let bytes = serde_json::to_vec(document).map_err(|e| fail(e.into()))?;
    aside.write_all(&bytes).and_then(|()| aside.as_file().sync_all()).map_err(fail)?;
    aside.persist(path).map_err(|e| fail(e.error))?;
    Ok(())
}

/// An exclusive lock that lives as long as the value; the file beside what it guards is never removed.
pub(super) fn lock(path: &Path) -> Result<File, StateError> {
    let path = path.with_added_extension("lock");
    let fail = |source| StateError { act: "lock", path: path.clone(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    let file = File::options().create(true).append(true).open(&path).map_err(fail)?;
    file.lock().map_err(fail)?;
    Ok(file)
}

/// Removes the document at `path`; whether there was one.
pub(super) fn forget(path: &Path) -> Result<bool, StateError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(StateError { act: "remove", path: path.to_owned(), source }),
    }
}
