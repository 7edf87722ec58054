//! Leases: a lease keeps a tree from being removed while a process runs from it.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use loom_base::{file_lock::LockPatience, private_folder};
use loom_source::Digest;

use super::{
    Installed, Store, StoreError,
    error::{FileAction, at},
    format::StoreNotice,
    locks,
};

/// How long the shared lock of a lease is waited for.
const PATIENCE: LockPatience =
    LockPatience { quiet: Duration::from_millis(500), longest: Duration::from_secs(5) };

/// How often the link may lead to another tree between finding and locking.
const MAX_TRIES: usize = 8;

/// A shared lock on a tree, and what was installed once the lock was held.
///
/// A child process that inherits the file keeps the lease for as long as it runs, even after this process has ended.
#[derive(Debug)]
pub struct Lease {
    installed: Installed,
    file: File,
    path: PathBuf,
}

impl Store {
    /// Leases the release of `installed`: takes the lock first and then reads the link again, because the tree may
    /// have been removed or replaced in between.
    ///
    /// In a store that cannot be written, and where another process holds the lease exclusive for some seconds, the lock
    /// file is made in the folder `state` instead, and a notice says so.
    ///
    /// # Errors
    /// [`StoreError::Gone`] where the release is no longer installed; [`StoreError`] where no lock can be taken.
    pub fn lease(&self, installed: &Installed, state: &Path) -> Result<Lease, StoreError> {
        let release = &installed.release;
        let mut tree = installed.tree;
        for _ in 0..MAX_TRIES {
            let (path, file) = self.lock_lease(&tree, state)?;
            match self.find(release)? {
                Some(installed) if installed.tree == tree => {
                    return Ok(Lease { installed, file, path });
                }
                Some(other) => tree = other.tree,
                None => break,
            }
        }
        Err(StoreError::Gone { release: Box::new(release.clone()), root: self.root.clone() })
    }

    pub(super) fn lease_path(&self, tree: &Digest) -> PathBuf {
        self.root.join(format!("leases/{tree}"))
    }

    /// Locks the lease of a tree shared. Another process may hold it exclusive: one that removes the tree, for a moment,
    /// or one that may only read the store, for ever. After some seconds the lease is taken in the state folder.
    fn lock_lease(&self, tree: &Digest, state: &Path) -> Result<(PathBuf, File), StoreError> {
        let own = state.join(format!("leases/{tree}"));
        let Some((path, file)) = self.open_lease_to_share(tree)? else {
            let lease = state_lease(&own)?;
            self.notice(StoreNotice::ForeignLease { path: own });
            return Ok(lease);
        };
        let on_wait = &mut || self.report_wait(&path, PATIENCE);
        match locks::wait(&path, || file.try_lock_shared(), PATIENCE, on_wait) {
            Ok(()) => Ok((path, file)),
            Err(StoreError::Held { path: lease, holder, .. }) => {
                let leased = state_lease(&own)?;
                self.notice(StoreNotice::LeaseHeld { lease, holder, path: own });
                Ok(leased)
            }
            Err(error) => Err(error),
        }
    }

    /// Opens a lease for a shared lock, which needs only the right to read; `None` where there is no file, and none can
    /// be made.
    fn open_lease_to_share(&self, tree: &Digest) -> Result<Option<(PathBuf, File)>, StoreError> {
        match self.open_lease(tree) {
            Ok(lease) => Ok(Some(lease)),
            Err(e) if e.is_read_only() => {
                let path = self.lease_path(tree);
                Ok(File::open(&path).ok().map(|file| (path, file)))
            }
            Err(e) => Err(e),
        }
    }
}

/// A lease in the state folder of the user.
fn state_lease(path: &Path) -> Result<(PathBuf, File), StoreError> {
    let of_state = |source| StoreError::StateFolder { source: Box::new(source) };
    if let Some(folder) = path.parent() {
        private_folder::create(folder).map_err(at(FileAction::Create, folder)).map_err(of_state)?;
    }
    let file = locks::open(path, 0o600).map_err(of_state)?;
    locks::wait(path, || file.try_lock_shared(), PATIENCE, &mut || {})?;
    Ok((path.to_owned(), file))
}

impl Lease {
    /// The leased release, as it was installed once the lock was held.
    pub fn installed(&self) -> &Installed {
        &self.installed
    }

    /// The path of the lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open lock, for a child process to inherit.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Another handle of the same lock.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the system has no more file descriptors.
    pub fn try_clone(&self) -> Result<File, StoreError> {
        self.file.try_clone().map_err(at(FileAction::Lock, &self.path))
    }

    /// The open lock without the rest.
    pub fn into_file(self) -> File {
        self.file
    }
}
