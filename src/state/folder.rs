//! Folders below the state folder, and files whose own lock says that a process lives.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::Path,
};

use loom_base::{
    atomic_file::{self, Durability},
    bounded_file::RegularFile,
    private_folder,
};
use serde::Serialize;

use super::{StateDir, StateError, StateFile, for_this_user};

impl StateDir {
    /// The folder at `relative` below this one, which need not exist.
    #[must_use]
    pub fn folder(&self, relative: impl AsRef<Path>) -> Self {
        Self(self.0.join(relative))
    }

    /// Creates this folder and those above it. On Unix, only the user can read or enter the folders that are created.
    ///
    /// # Errors
    /// Whatever keeps a folder from being created, except that it exists.
    pub fn create(&self) -> Result<(), StateError> {
        private_folder::create(&self.0).map_err(|source| self.error("create", source))
    }

    /// The names of what is in this folder, sorted; none where there is no such folder. Names that are not UTF-8 are
    /// left out.
    ///
    /// # Errors
    /// Whatever keeps the folder from being read, except that it is absent.
    pub fn names(&self) -> Result<Vec<String>, StateError> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(self.error("read", source)),
        };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> = names.collect();
        names.sort();
        Ok(names)
    }

    /// Removes this folder and all that is in it.
    ///
    /// # Errors
    /// Whatever keeps something from being removed, except that the folder is absent.
    pub fn remove_all(&self) -> Result<(), StateError> {
        match fs::remove_dir_all(&self.0) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(self.error("remove", e)),
            _ => Ok(()),
        }
    }

    pub(super) fn error(&self, act: &'static str, source: io::Error) -> StateError {
        StateError { act, path: self.0.clone(), source }
    }
}

impl StateFile {
    /// Replaces its content atomically, but without waiting for the disk: for what means nothing after a power
    /// failure. The folder must exist.
    ///
    /// # Errors
    /// Whatever keeps the file from being written; the old content is then unchanged.
    pub fn write_unsynced(&self, bytes: &[u8]) -> Result<(), StateError> {
        atomic_file::replace(&self.0, bytes, Durability::Cached)
            .map_err(|source| self.error("write", source))
    }

    /// Replaces the document in it, as [`write_unsynced`](Self::write_unsynced) does.
    ///
    /// # Errors
    /// As of [`write_unsynced`](Self::write_unsynced), and a document that is no JSON.
    pub fn write_json_unsynced<T: Serialize + ?Sized>(
        &self,
        document: &T,
    ) -> Result<(), StateError> {
        let bytes = serde_json::to_vec(document).map_err(|e| self.error("write", e.into()))?;
        self.write_unsynced(&bytes)
    }

    /// Locks the file itself exclusively, without waiting, and creates it where it is absent; `None` where another
    /// holder has the lock. The lock is released when the last copy of the open file is closed, also those that child
    /// processes inherited.
    ///
    /// # Errors
    /// Whatever keeps the file from being created or locked, except that its folder is absent: then nothing can hold
    /// the lock, and the answer is `None` as well.
    pub fn try_hold(&self) -> Result<Option<File>, StateError> {
        let mut options = for_this_user();
        options.write(true).create(true);
        let Some(file) = self.open(options)? else { return Ok(None) };
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(self.error("lock", source)),
        }
    }

    /// Whether a process holds the lock that [`try_hold`](Self::try_hold) takes.
    ///
    /// # Errors
    /// Whatever keeps the file from being opened or locked, except that it is absent.
    pub fn is_held(&self) -> Result<bool, StateError> {
        // A file system that is read-only by now shows what runs all the same.
        let Some(file) = self.open(for_this_user())? else { return Ok(false) };
        // Shared, so that two processes that look at the same time do not take each other for the holder.
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(source)) => Err(self.error("lock", source)),
        }
    }

    fn open(&self, mut options: OpenOptions) -> Result<Option<File>, StateError> {
        match options.read(true).truncate(false).open(&self.0).and_then(RegularFile::of) {
            Ok(file) => Ok(Some(file.into_file())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.error("open", source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_created_listed_and_removed() {
        let root = tempfile::tempdir().unwrap();
        let folder = StateDir::new(root.path()).folder("a/b");
        assert!(folder.names().unwrap().is_empty());
        folder.create().unwrap();
        folder.create().unwrap();
        for name in ["2", "1"] {
            folder.file(name).write_json_unsynced(&0).unwrap();
        }
        assert_eq!(folder.names().unwrap(), ["1", "2"]);
        folder.remove_all().unwrap();
        folder.remove_all().unwrap();
        assert!(!folder.path().exists());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_enter_a_created_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let folder = StateDir::new(root.path()).folder("a/b");
        folder.create().unwrap();
        for path in [folder.path(), folder.path().parent().unwrap()] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_open_a_lock() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let state = StateDir::new(root.path());
        let _held = state.file("held").try_hold().unwrap();
        let _lock = state.file("document").lock(&mut || {}).unwrap();
        for name in ["held", "document.lock"] {
            let mode = root.path().join(name).metadata().unwrap().permissions().mode();
            // No umask of the tests gives these permissions by itself.
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_held_file_is_seen_by_all_and_can_be_held_once() {
        let root = tempfile::tempdir().unwrap();
        let file = StateDir::new(root.path()).file("lock");
        assert!(!file.is_held().unwrap());
        let held = file.try_hold().unwrap();
        assert!(held.is_some() && file.is_held().unwrap());
        assert!(file.try_hold().unwrap().is_none());
        drop(held);
        assert!(!file.is_held().unwrap());
        let nowhere = StateDir::new(root.path()).file("none/lock");
        assert!(nowhere.try_hold().unwrap().is_none() && !nowhere.is_held().unwrap());
    }
}
