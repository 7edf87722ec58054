//! Advisory locks on files that are never removed: after a removal two holders could lock two files of one name.
//!
//! A wait is reported and has an end: a process that can open a file can lock it, and may be stopped while it holds the
//! lock.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use loom_base::{
    bounded_file,
    file_lock::{LockHolder, LockPatience, wait_for},
};
use loom_source::{Digest, Release};

use super::{
    LockWait, Store,
    durable::create_folder,
    error::{FileAction, StoreError, at},
    own_place::{refuse_link, refuse_link_as_file},
    writers,
};

/// An exclusive or shared lock, released when dropped or when the process ends.
#[derive(Debug)]
#[must_use = "a lock is held only as long as it lives"]
pub struct Lock {
    _file: File,
}

/// How long a process that acquires a release is waited for.
const ACQUISITION: LockPatience =
    LockPatience { quiet: Duration::ZERO, longest: Duration::from_secs(60 * 60) };

/// How long a lock is waited for that is held while files are renamed and synced.
pub(super) const MOMENT: LockPatience =
    LockPatience { quiet: Duration::from_millis(500), longest: Duration::from_secs(60) };

impl Store {
    /// Takes the lock for acquiring one release: of many processes one downloads, the others wait, for an hour at most.
    ///
    /// `on_wait` is called once, before the wait, where another process holds the lock.
    ///
    /// # Errors
    /// [`StoreError::Held`] after an hour; [`StoreError::NoLocks`] on a file system without locks; [`StoreError::Io`]
    /// where the store cannot be written.
    pub fn lock_release(
        &self,
        release: &Release,
        on_wait: &mut dyn FnMut(),
    ) -> Result<Lock, StoreError> {
        self.prepare()?;
        let Release { authority, binary, slot, platform } = release;
        // `@` occurs in no name and no version, so the file name is unambiguous.
        let name = format!("locks/release@{authority}@{binary}@{slot}@{platform}");
        let path = self.root.join(name);
        let file = self.open_lock(&path)?;
        wait(&path, || file.try_lock(), ACQUISITION, on_wait)?;
        Ok(Lock { _file: file })
    }

    /// Takes the lock for anything else that one process does at a time, for a moment.
    ///
    /// # Errors
    /// As for [`lock_release`](Self::lock_release); the wait ends after a minute.
    pub(super) fn lock_named(&self, name: &str) -> Result<Lock, StoreError> {
        self.prepare()?;
        let name = format!("locks/named@{}", Digest::of(name.as_bytes()));
        self.lock_file(&self.root.join(name))
    }

    /// Takes the lock for taking a tree out of `store/`: it is the last lock that is taken.
    pub(super) fn lock_tree(&self, tree: &Digest) -> Result<Lock, StoreError> {
        self.lock_named(&format!("tree {tree}"))
    }

    /// Takes the collection lock shared: a publisher holds it from looking whether a tree exists until the link is made.
    pub(super) fn lock_against_collection(&self) -> Result<Lock, StoreError> {
        let path = self.root.join("locks/collect");
        let file = self.open_lock(&path)?;
        wait(&path, || file.try_lock_shared(), MOMENT, &mut || self.report_wait(&path, MOMENT))?;
        Ok(Lock { _file: file })
    }

    /// Takes the collection lock exclusive: publishers wait while something is removed.
    pub(super) fn lock_for_collection(&self) -> Result<Lock, StoreError> {
        self.lock_file(&self.root.join("locks/collect"))
    }

    /// As [`lock_for_collection`](Self::lock_for_collection), without waiting; `None` where another process has it.
    pub(super) fn try_lock_for_collection(&self) -> Result<Option<Lock>, StoreError> {
        let path = self.root.join("locks/collect");
        let file = self.open_lock(&path)?;
        Ok(tried(&path, file.try_lock())?.then_some(Lock { _file: file }))
    }

    pub(super) fn lock_file(&self, path: &Path) -> Result<Lock, StoreError> {
        let file = self.open_lock(path)?;
        wait(path, || file.try_lock(), MOMENT, &mut || self.report_wait(path, MOMENT))?;
        Ok(Lock { _file: file })
    }

    /// Opens a file of `locks/`, with a mode that lets only the store's writers open it: a process that can open a
    /// file can lock it.
    pub(super) fn open_lock(&self, path: &Path) -> Result<File, StoreError> {
        open(path, self.sharing().lock_mode())
    }

    /// Opens the file of a lease for writing. Those who may only read the store open it for reading.
    pub(super) fn open_lease(&self, tree: &Digest) -> Result<(PathBuf, File), StoreError> {
        let path = self.lease_path(tree);
        let file = open(&path, self.sharing().lease_mode())?;
        Ok((path, file))
    }

    pub(super) fn report_wait(&self, path: &Path, patience: LockPatience) {
        let holder = LockHolder::of(path);
        let longest = patience.longest;
        self.announce(&LockWait { path: path.to_owned(), holder, longest });
    }
}

/// Opens a lock file, and creates it and its folder where they are missing. A file of this user gets exactly these
/// permissions.
pub(super) fn open(path: &Path, mode: u32) -> Result<File, StoreError> {
    let folder = path.parent().unwrap_or(path);
    // What a link leads to is not the store's, and another process may see another file there.
    refuse_link(folder)?;
    refuse_link_as_file(path)?;
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let file = match options.open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            create_folder(folder)?;
            options.open(path)
        }
        opened => opened,
    };
    let file = match file {
        Err(e) if e.kind() == io::ErrorKind::IsADirectory => {
            let what = "expected a file, got a folder".to_owned();
            return Err(StoreError::Damaged { path: path.to_owned(), what });
        }
        opened => opened.map_err(at(FileAction::Lock, path))?,
    };
    writers::set_mode_of_own(&file, mode);
    Ok(file)
}

/// Takes a lock within a time.
pub(super) fn wait(
    path: &Path,
    attempt: impl FnMut() -> Result<(), TryLockError>,
    patience: LockPatience,
    on_wait: &mut dyn FnMut(),
) -> Result<(), StoreError> {
    match wait_for(attempt, patience, on_wait) {
        Ok(true) => Ok(()),
        Ok(false) => Err(StoreError::Held {
            path: path.to_owned(),
            holder: LockHolder::of(path).map(Box::new),
            waited: patience.longest,
        }),
        Err(error) => locked(path, Err(error)),
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

/// Whether no process holds a lock. Nothing is created: without the file, no process holds it.
pub(super) fn is_free(lock: &Path) -> bool {
    // Whatever is in its place is not waited for.
    match bounded_file::never_waiting().read(true).open(lock) {
        Ok(file) => tried(lock, file.try_lock()).unwrap_or(false),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
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
