//! Small JSON files in the state folder: read whole, written aside and renamed.

use std::{
    fs::{self, File, TryLockError},
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
        Err(e) if is_absence(&e) => Ok(None),
        Err(source) => Err(StateError { act: "read", path: path.to_owned(), source }),
    }
}

/// The same for a document that a run must not do without: one that cannot be understood is an error.
pub(super) fn read_strictly<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StateError> {
    let fail = |source| StateError { act: "read", path: path.to_owned(), source };
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| fail(e.into())),
        Err(e) if is_absence(&e) => Ok(None),
        Err(source) => Err(fail(source)),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
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
/// `on_wait` is called once, before the wait, if somebody else holds it.
pub(super) fn lock(path: &Path, on_wait: &mut dyn FnMut()) -> Result<File, StateError> {
    let path = path.with_added_extension("lock");
    let fail = |source| StateError { act: "lock", path: path.clone(), source };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    let file = File::options().create(true).append(true).open(&path).map_err(fail)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => on_wait(),
        Err(TryLockError::Error(e)) => return Err(fail(e)),
    }
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
