//! Leases: a lease keeps a tree from being removed while a process runs from it.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use loom_base::private_folder;
use loom_source::Digest;

use super::{
    Installed, Store, StoreError,
    error::{FileAction, at},
    format::StoreNotice,
    locks,
};

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
    /// In a store that cannot be written the lock file is made in the folder `state` instead, and a notice says so.
    ///
    /// # Errors
    /// [`StoreError::Gone`] where the release is no longer installed; [`StoreError`] where no lock can be taken.
    pub fn lease(&self, installed: &Installed, state: &Path) -> Result<Lease, StoreError> {
        let release = &installed.release;
        let mut tree = installed.tree;
        for _ in 0..MAX_TRIES {
            let (path, file) = self.open_lease(&tree, state)?;
            locks::locked(&path, file.lock_shared())?;
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

    fn open_lease(&self, tree: &Digest, state: &Path) -> Result<(PathBuf, File), StoreError> {
        let path = self.lease_path(tree);
        match locks::open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(e) if e.is_read_only() => {}
            Err(e) => return Err(e),
        }
        // A shared lock needs only the right to read.
        if let Ok(file) = File::open(&path) {
            return Ok((path, file));
        }
        let folder = state.join("leases");
        private_folder::create(&folder).map_err(at(FileAction::Create, &folder))?;
        let path = folder.join(tree.to_string());
        let file = locks::open(&path)?;
        self.notice(StoreNotice::ForeignLease { path: path.clone() });
        Ok((path, file))
    }
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
