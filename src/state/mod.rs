//! The state folder: what must outlive the store and is kept for one user.
//!
//! This is the one place that reads, locks, updates and durably writes files there. It knows paths and bytes; what a
//! document means is known by the module that keeps it (quarantine, first-seen digests, trusted projects, the linked
//! checkout, runtime instances).

mod dev_link;
mod folder;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use loom_base::atomic_file::{self, Durability};
use serde::{Serialize, de::DeserializeOwned};

pub use dev_link::DevLink;

/// The state folder of one user. Nothing is created before the first write.
///
/// # Examples
/// ```
/// use loom_runtime::state::StateDir;
///
/// let folder = tempfile::tempdir()?;
/// let state = StateDir::new(folder.path());
/// let file = state.file("use/loom-os@loom-bridge-server.json");
/// assert_eq!(file.read_json::<String>()?, None);
/// file.write_json(&"0.2.0")?;
/// assert_eq!(file.read_json::<String>()?.as_deref(), Some("0.2.0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir(PathBuf);

/// One file of the state folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFile(PathBuf);

/// An exclusive lock on a [`StateFile`], released when dropped or when the process ends.
#[derive(Debug)]
pub struct StateLock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// A file of the state folder could not be read, written, locked or removed.
#[derive(Debug, thiserror::Error)]
#[error("could not {act} {path}")]
pub struct StateError {
    act: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl StateError {
    /// Whether the disk or the user's quota is full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

impl StateDir {
    /// The state folder at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The file at `relative`, which need not exist.
    pub fn file(&self, relative: impl AsRef<Path>) -> StateFile {
        StateFile(self.0.join(relative))
    }
}

impl StateFile {
    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Its bytes; `None` where there is no such file.
    ///
    /// # Errors
    /// Whatever keeps the file from being read, except that it is absent.
    pub fn read(&self) -> Result<Option<Vec<u8>>, StateError> {
        match fs::read(&self.0) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(source) => Err(self.error("read", source)),
        }
    }

    /// The document in it. `None` where there is none and where it cannot be understood: for caches, which a run can
    /// do without.
    ///
    /// # Errors
    /// Whatever keeps the file from being read, except that it is absent.
    pub fn read_json<T: DeserializeOwned>(&self) -> Result<Option<T>, StateError> {
        Ok(self.read()?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// The document in it, for documents that decide something: one that cannot be understood is an error.
    ///
    /// # Errors
    /// Whatever keeps the file from being read, except that it is absent; and a content that is no such document.
    pub fn read_json_strictly<T: DeserializeOwned>(&self) -> Result<Option<T>, StateError> {
        let Some(bytes) = self.read()? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| self.error("read", e.into()))
    }

    /// Replaces its content atomically and durably, and makes the folders above it.
    ///
    /// # Errors
    /// Whatever keeps the file from being written; the old content is then unchanged.
    pub fn write(&self, bytes: &[u8]) -> Result<(), StateError> {
        self.make_folder()
            .and_then(|()| atomic_file::replace(&self.0, bytes, Durability::Synced))
            .map_err(|source| self.error("write", source))
    }

    /// Replaces the document in it, as [`write`](Self::write) does.
    ///
    /// # Errors
    /// As for [`write`](Self::write), and a document that is no JSON.
    pub fn write_json<T: Serialize + ?Sized>(&self, document: &T) -> Result<(), StateError> {
        let bytes = serde_json::to_vec(document).map_err(|e| self.error("write", e.into()))?;
        self.write(&bytes)
    }

    /// Waits until no other process and no other holder in this one has the lock, and takes it. `on_wait` is called
    /// once, before the wait, if another holder has it.
    ///
    /// The lock is on a file beside this one, with `.lock` added to its name, which is never removed: otherwise two
    /// holders could hold two files of one name.
    ///
    /// # Errors
    /// Whatever keeps the lock file from being made or locked. A file system that cannot lock is an error.
    pub fn lock(&self, on_wait: &mut dyn FnMut()) -> Result<StateLock, StateError> {
        let beside = Self(self.0.with_added_extension("lock"));
        let fail = |source| beside.error("lock", source);
        self.make_folder().map_err(fail)?;
        let file = File::options().create(true).append(true).open(&beside.0).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => return Ok(StateLock(file)),
            Err(TryLockError::WouldBlock) => on_wait(),
            Err(TryLockError::Error(source)) => return Err(fail(source)),
        }
        file.lock().map_err(fail)?;
        Ok(StateLock(file))
    }

    /// Removes it; answers whether there was one.
    ///
    /// # Errors
    /// Whatever keeps the file from being removed, except that it is absent.
    pub fn remove(&self) -> Result<bool, StateError> {
        atomic_file::remove(&self.0).map_err(|source| self.error("remove", source))
    }

    fn make_folder(&self) -> io::Result<()> {
        self.0.parent().map_or(Ok(()), fs::create_dir_all)
    }

    fn error(&self, act: &'static str, source: io::Error) -> StateError {
        StateError { act, path: self.0.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn documents_are_written_read_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateDir::new(folder.path().join("new")).file("a/b.json");
        assert_eq!(file.read_json::<u32>().unwrap(), None);
        assert!(!file.remove().unwrap());
        file.write_json(&1).unwrap();
        file.write_json(&2).unwrap();
        assert_eq!(file.read_json::<u32>().unwrap(), Some(2));
        assert_eq!(file.read_json_strictly::<u32>().unwrap(), Some(2));
        assert!(file.remove().unwrap());
    }

    #[test]
    fn what_cannot_be_understood_is_none_or_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateDir::new(folder.path()).file("a.json");
        file.write(b"{").unwrap();
        assert_eq!(file.read_json::<u32>().unwrap(), None);
        let error = file.read_json_strictly::<u32>().unwrap_err();
        assert!(error.to_string().contains("a.json"), "{error}");
    }

    #[test]
    fn a_lock_is_held_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateDir::new(folder.path()).file("count.json");
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _lock = file.lock(&mut || {}).unwrap();
                    let count: u32 = file.read_json().unwrap().unwrap_or_default();
                    file.write_json(&(count + 1)).unwrap();
                });
            }
        });
        assert_eq!(file.read_json::<u32>().unwrap(), Some(8));
    }
}
