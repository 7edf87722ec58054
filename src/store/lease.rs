//! A lease keeps a tree while a process runs from it.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use loom_source::Digest;

use super::{
    Installed, Store, StoreError,
    error::{Act, at},
    format::StoreNotice,
    locks,
};

/// How often the release may change under our hands before we give up.
const TRIES: usize = 8;

/// A tree's lock, held shared, and what was found once it was held.
///
/// Passed to a child process, the file keeps the tree as long as the child lives, whatever becomes of us.
#[derive(Debug)]
pub struct Lease {
    installed: Installed,
    file: File,
    path: PathBuf,
}

impl Store {
    /// Leases what stands in the slot of `installed`: the lock first, then a second look, for it may just be collected.
    ///
    /// In a store that cannot be written the lock file lies in `state` instead, and a notice says so.
    pub fn lease(&self, installed: &Installed, state: &Path) -> Result<Lease, StoreError> {
        let release = &installed.release;
        let mut tree = installed.tree;
        for _ in 0..TRIES {
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
        // A shared lock needs no more than the right to read.
        if let Ok(file) = File::open(&path) {
            return Ok((path, file));
        }
        let path = state.join(format!("leases/{tree}"));
        let file = locks::open(&path)?;
        self.notice(StoreNotice::ForeignLease { path: path.clone() });
        Ok((path, file))
    }
}

impl Lease {
    /// What is leased, as it was found once the lock was held.
    pub fn installed(&self) -> &Installed {
        &self.installed
    }

    /// The lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open lock, to be passed to the child.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Another handle of the same lock.
    pub fn try_clone(&self) -> Result<File, StoreError> {
        self.file.try_clone().map_err(at(Act::Lock, &self.path))
    }

    /// The open lock alone.
    pub fn into_file(self) -> File {
        self.file
    }
}
