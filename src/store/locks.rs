//! Advisory locks on files that are never removed: after a removal two holders could lock two files of one name.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use loom_source::{Digest, Release};

use super::{
    Store,
    error::{FileAction, StoreError, at},
};

/// An exclusive or shared lock, released when dropped or when the process ends.
#[derive(Debug)]
#[must_use = "a lock is held only as long as it lives"]
pub struct Lock {
    _file: File,
}

impl Store {
    /// Takes the lock for acquiring one release: of many processes one downloads, the others wait.
    ///
    /// `on_wait` is called once, before the wait, where another process holds the lock.
    ///
    /// # Errors
    /// [`StoreError::NoLocks`] on a file system without locks; [`StoreError::Io`] where the store cannot be written.
    pub fn lock_release(
        &self,
        release: &Release,
        on_wait: &mut dyn FnMut(),
    ) -> Result<Lock, StoreError> {
        self.prepare()?;
        let Release { authority, binary, slot, platform } = release;
        // `@` occurs in no name and no version, so the file name is unambiguous.
        let name = format!("locks/release@{authority}@{binary}@{slot}@{platform}");
        self.lock_file(&self.root.join(name), on_wait)
    }

    /// Takes the lock for anything else that one process should do at a time.
    ///
    /// # Errors
    /// As for [`lock_release`](Self::lock_release).
    pub fn lock_named(&self, name: &str, on_wait: &mut dyn FnMut()) -> Result<Lock, StoreError> {
        self.prepare()?;
        let name = format!("locks/named@{}", Digest::of(name.as_bytes()));
        self.lock_file(&self.root.join(name), on_wait)
    }

    /// Takes the collection lock shared: a publisher holds it from looking whether a tree exists until the link is made.
    pub(super) fn lock_against_collection(&self) -> Result<Lock, StoreError> {
        let path = self.root.join("locks/collect");
        let file = open(&path)?;
        locked(&path, file.lock_shared())?;
        Ok(Lock { _file: file })
    }

    /// Takes the collection lock exclusive: publishers wait while something is removed.
    pub(super) fn lock_for_collection(&self) -> Result<Lock, StoreError> {
        self.lock_file(&self.root.join("locks/collect"), &mut || {})
    }

    pub(super) fn lock_file(
        &self,
        path: &Path,
        on_wait: &mut dyn FnMut(),
    ) -> Result<Lock, StoreError> {
        let file = open(path)?;
        if !tried(path, file.try_lock())? {
            on_wait();
            locked(path, file.lock())?;
        }
        Ok(Lock { _file: file })
    }
}

/// Opens a lock file, and creates it and its folder where they are missing.
pub(super) fn open(path: &Path) -> Result<File, StoreError> {
    let open =
        || fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    match open() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(path);
            fs::create_dir_all(folder).map_err(at(FileAction::Create, folder))?;
            open().map_err(at(FileAction::Lock, path))
        }
        result => result.map_err(at(FileAction::Lock, path)),
    }
}

/// Whether the lock was free: the result of a `try_lock`.
pub(super) fn tried(path: &Path, result: Result<(), TryLockError>) -> Result<bool, StoreError> {
    match result {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(e)) => locked(path, Err(e)).map(|()| true),
    }
}

/// Turns the error of a file system without locks into [`StoreError::NoLocks`].
pub(super) fn locked(path: &Path, result: io::Result<()>) -> Result<(), StoreError> {
    result.map_err(|source| {
        if unsupported(&source) {
            StoreError::NoLocks { path: path.to_owned(), source }
        } else {
            at(FileAction::Lock, path)(source)
        }
    })
}

fn unsupported(error: &io::Error) -> bool {
    #[cfg(unix)]
    let no_locks = error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error());
    #[cfg(not(unix))]
    let no_locks = false;
    no_locks || error.kind() == io::ErrorKind::Unsupported
}

impl Lock {
    /// The lock that `file` already holds.
    pub(super) fn of(file: File) -> Self {
        Self { _file: file }
    }
}
