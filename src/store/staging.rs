//! Begins staged trees, and removes what ended processes have left.

use std::{fs, path::Path, time::Duration};

use tempfile::TempDir;

use super::{
    Lock, Staged, Store, StoreError, TreeLimits,
    durable::{Barrier, create_folders, remove_tree},
    error::{FileAction, absent, at},
    list::names,
    locks,
};

/// A temporary file that has not changed for this long belongs to no process.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    /// Begins a staged tree, and removes what ended processes have left (see [`sweep`](Self::sweep)).
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn stage(&self, limits: TreeLimits) -> Result<Staged, StoreError> {
        self.prepare()?;
        let trees = self.trees();
        let mut barrier = Barrier::default();
        create_folders(&trees, &mut barrier)?;
        barrier.wait(&self.root)?;
        self.sweep()?;
        let (folder, lock) = loop {
            if let Some(made) = new_folder(&trees)? {
                break made;
            }
        };
        Ok(Staged::new(folder, lock, limits))
    }

    /// Removes what ended processes have left: `store/.new-*` without a lock holder, `store/.trash-*`, files in `tmp/`
    /// that have not changed for a day, and all damaged folders but the newest of each tree. What cannot be removed
    /// (another user's) stays.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a folder cannot be listed.
    pub fn sweep(&self) -> Result<(), StoreError> {
        self.retire_damaged()?;
        for (name, path) in names(&self.trees(), true)? {
            let abandoned = || name.starts_with(".new-") && is_abandoned(&path).unwrap_or(false);
            if name.starts_with(".trash-") || abandoned() {
                let _ = remove_tree(&path);
            }
        }
        for (_, path) in names(&self.tmp(), false)? {
            let changed = fs::symlink_metadata(&path).and_then(|meta| meta.modified()).ok();
            if changed.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(())
    }
}

/// Whether the process that made a staging folder has ended: then its lock can be taken.
fn is_abandoned(folder: &Path) -> Result<bool, StoreError> {
    let path = folder.join("lock");
    // Created where it is missing: the maker of the folder then finds it taken, and begins another folder.
    let file = match fs::OpenOptions::new().read(true).append(true).create(true).open(&path) {
        Ok(file) => file,
        // Already removed, or another user's.
        Err(_) => return Ok(false),
    };
    locks::tried(&path, file.try_lock())
}

/// A new staging folder and its lock; `None` where another process removed it in between.
fn new_folder(trees: &Path) -> Result<Option<(TempDir, Lock)>, StoreError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".new-").rand_bytes(12);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let folder = builder.tempdir_in(trees).map_err(at(FileAction::Create, trees))?;
    let path = folder.path().join("lock");
    let open = fs::OpenOptions::new().read(true).append(true).create(true).open(&path);
    let Some(file) = absent(open).map_err(at(FileAction::Create, &path))? else { return Ok(None) };
    let free = locks::tried(&path, file.try_lock())? && path.exists();
    Ok(free.then(|| (folder, Lock::of(file))))
}
