//! Advisory locks on files that are never unlinked: unlinking one would let two holders hold two files of one name.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use loom_source::{Digest, Release};

use super::{
    Store,
    error::{Act, StoreError, at},
};

/// An exclusive or shared lock; dropped = released, also when the process dies.
#[derive(Debug)]
#[must_use = "a lock is held only as long as it lives"]
pub struct Lock {
    _file: File,
}

impl Store {
    /// The lock for acquiring one release: of fifty processes one downloads, the others wait.
    ///
    /// `on_wait` is called once, before the wait, if somebody else holds it.
    pub fn lock_release(
        &self,
        release: &Release,
        on_wait: &mut dyn FnMut(),
    ) -> Result<Lock, StoreError> {
        self.prepare()?;
        let Release { authority, binary, slot, platform } = release;
        // `@` stands in no name and no version: the file name is unambiguous.
        let name = format!("locks/release@{authority}@{binary}@{slot}@{platform}");
        self.lock_file(&self.root.join(name), on_wait)
    }

    /// The lock for something else that only one process should do at a time, such as resolving at one source.
    pub fn lock_named(&self, name: &str, on_wait: &mut dyn FnMut()) -> Result<Lock, StoreError> {
        self.prepare()?;
        let name = format!("locks/named@{}", Digest::of(name.as_bytes()));
        self.lock_file(&self.root.join(name), on_wait)
    }

    /// Held from «does it exist» to the link; collection holds it exclusive.
    pub(super) fn lock_against_collection(&self) -> Result<Lock, StoreError> {
        let path = self.root.join("locks/collect");
        let file = open(&path)?;
        locked(&path, file.lock_shared())?;
        Ok(Lock { _file: file })
    }

    /// Keeps publishers out while something is removed.
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

/// Opens a lock file, making it and its folder where they are missing.
pub(super) fn open(path: &Path) -> Result<File, StoreError> {
    let open =
        || fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    match open() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(path);
            fs::create_dir_all(folder).map_err(at(Act::Create, folder))?;
            open().map_err(at(Act::Lock, path))
        }
        result => result.map_err(at(Act::Lock, path)),
    }
}

/// Whether the lock was free.
pub(super) fn tried(path: &Path, result: Result<(), TryLockError>) -> Result<bool, StoreError> {
    match result {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(e)) => locked(path, Err(e)).map(|()| true),
    }
}

/// A file system without locks is reported, not ignored.
pub(super) fn locked(path: &Path, result: io::Result<()>) -> Result<(), StoreError> {
    result.map_err(|source| {
        if unsupported(&source) {
            StoreError::NoLocks { path: path.to_owned(), source }
        } else {
            at(Act::Lock, path)(source)
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
