//! Begins staged trees, and removes what ended processes have left.

use std::{fs, io::ErrorKind, path::Path};

use tempfile::TempDir;

use super::{
    Lock, Staged, Store, StoreError, TreeLimits,
    durable::{Barrier, create_folders, remove_tree},
    error::{FileAction, at},
    leftovers::{ABANDONED, LOCK},
    list::{folders_and_files, names},
    locks,
    stale::remove_older,
    trash::trash_name,
};

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
        // The names are listed first: a removal that takes a tree out of use from here on deletes it itself.
        let (folders, marks) = folders_and_files(&self.trees())?;
        let needed = self.half_removed()?;
        let is_needed = |name: &str| needed.iter().any(|tree| trash_name(tree) == name);
        for (name, path) in folders {
            if name.starts_with(".new-") {
                // Another user's folder stays.
                let _ = remove_abandoned(&path);
            } else if name.starts_with(".trash-") && !is_needed(&name) {
                let _ = remove_tree(&path);
            }
        }
        for (name, _) in marks.into_iter().filter(|(name, _)| !is_needed(name)) {
            if let Some(Ok(tree)) = name.strip_prefix(".trash-").map(str::parse) {
                let _ = self.complete_deletion(&tree);
            }
        }
        let temporary = names(&self.tmp(), false)?.into_iter().map(|(_, path)| path);
        remove_older(&self.tmp(), temporary.collect(), ABANDONED);
        Ok(())
    }
}

/// Removes a staging folder whose maker has ended: its lock can be taken, and is held until the folder is gone. The
/// file `lock` is removed last, so that no process can lock another file of this name meanwhile.
fn remove_abandoned(folder: &Path) -> Result<(), StoreError> {
    let path = folder.join(LOCK);
    // Created where it is missing: the maker of the folder then finds it, and begins another folder.
    let file = match fs::OpenOptions::new().read(true).append(true).create(true).open(&path) {
        Ok(file) => file,
        // Already removed, or another user's.
        Err(_) => return Ok(()),
    };
    if !locks::tried(&path, file.try_lock())? || !is_at(&file, &path) {
        return Ok(());
    }
    for (_, inside) in names(folder, true)? {
        remove_tree(&inside)?;
    }
    for (_, inside) in names(folder, false)?.into_iter().filter(|(name, _)| name != LOCK) {
        fs::remove_file(&inside).map_err(at(FileAction::Remove, &inside))?;
    }
    fs::remove_file(&path).map_err(at(FileAction::Remove, &path))?;
    drop(file);
    // Fails where a file was made in it meanwhile: then the folder is swept later.
    fs::remove_dir(folder).map_err(at(FileAction::Remove, folder))
}

/// A new staging folder and its lock; `None` where a sweeping process saw the folder before it was locked.
fn new_folder(trees: &Path) -> Result<Option<(TempDir, Lock)>, StoreError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".new-").rand_bytes(12);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let folder = builder.tempdir_in(trees).map_err(at(FileAction::Create, trees))?;
    Ok(lock_new(folder.path())?.map(|lock| (folder, lock)))
}

/// The lock of a folder that this process has just made; `None` where another process made or holds the lock.
fn lock_new(folder: &Path) -> Result<Option<Lock>, StoreError> {
    let path = folder.join(LOCK);
    let file = match fs::OpenOptions::new().read(true).append(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(e) if matches!(e.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => {
            return Ok(None);
        }
        Err(e) => return Err(at(FileAction::Create, &path)(e)),
    };
    let free = locks::tried(&path, file.try_lock())? && is_at(&file, &path);
    Ok(free.then(|| Lock::of(file)))
}

/// Whether the open file is still the one at `path`.
fn is_at(file: &fs::File, path: &Path) -> bool {
    let Ok(there) = fs::symlink_metadata(path) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        file.metadata().is_ok_and(|here| (here.dev(), here.ino()) == (there.dev(), there.ino()))
    }
    // An open file of this name cannot be replaced on Windows.
    #[cfg(not(unix))]
    {
        let _ = file;
        there.is_file()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staging(trees: &Path) -> TempDir {
        tempfile::Builder::new().prefix(".new-").tempdir_in(trees).unwrap()
    }

    #[test]
    fn a_locked_folder_is_never_removed_and_an_unlocked_one_never_used() {
        let trees = tempfile::tempdir().unwrap();
        // The maker is first.
        let folder = staging(trees.path());
        let lock = lock_new(folder.path()).unwrap();
        fs::write(folder.path().join("0"), b"x").unwrap();
        remove_abandoned(folder.path()).unwrap();
        assert!(lock.is_some() && folder.path().join("0").exists());
        drop(lock);
        fs::create_dir_all(folder.path().join("tree/d")).unwrap();
        remove_abandoned(folder.path()).unwrap();
        assert!(!folder.path().exists());
        // The sweeper is first, and slow: the maker finds its file, whether it is still locked or not.
        for held in [true, false] {
            let folder = staging(trees.path());
            let sweeper = fs::File::create(folder.path().join(LOCK)).unwrap();
            sweeper.try_lock().unwrap();
            let _sweeper = held.then_some(sweeper);
            assert!(lock_new(folder.path()).unwrap().is_none(), "{held}");
        }
        // The sweeper has removed the folder.
        let folder = staging(trees.path());
        remove_abandoned(folder.path()).unwrap();
        assert!(lock_new(folder.path()).unwrap().is_none());
    }

    #[test]
    fn a_lock_that_is_no_longer_at_its_path_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOCK);
        let file = fs::File::create(&path).unwrap();
        assert!(is_at(&file, &path));
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&file, &path));
        fs::File::create(&path).unwrap();
        assert!(!is_at(&file, &path) || cfg!(windows));
    }
}
