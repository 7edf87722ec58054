//! Removes partial transfers that have not been resumed for a long time, and other files by their age.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use loom_source::Digest;

use super::{
    Store, StoreError,
    du::size,
    error::{FileAction, absent, at},
    locks::{self, is_free},
};

impl Store {
    /// Removes partial transfers that have not grown for `age`, and returns their number. Transfers in use stay. At most
    /// `most` files are looked at; the rest is left for the next call.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a folder cannot be listed or a file not removed.
    pub fn sweep_partials(&self, age: Duration, most: usize) -> Result<usize, StoreError> {
        let mut removed = 0;
        for (key, bytes) in self.old_partials(age, most)? {
            removed += usize::from(self.remove_partial(&key, &bytes)?);
        }
        Ok(removed)
    }

    /// The partial transfers that a run would remove: how many, and their bytes.
    pub(super) fn stale_partials(&self, age: Duration) -> Result<(usize, u64), StoreError> {
        let (mut count, mut bytes) = (0, 0);
        for (key, path) in self.old_partials(age, usize::MAX)? {
            if is_free(&self.partial_lock(&key)) {
                count += 1;
                bytes += size(&path)? + size(&path.with_extension("json"))?;
            }
        }
        Ok((count, bytes))
    }

    fn old_partials(
        &self,
        age: Duration,
        most: usize,
    ) -> Result<Vec<(Digest, PathBuf)>, StoreError> {
        let folder = self.root.join("partial");
        if folder.is_symlink() {
            return Ok(vec![]);
        }
        let Some(entries) = absent(fs::read_dir(&folder)).map_err(at(FileAction::Read, &folder))?
        else {
            return Ok(vec![]);
        };
        let mut found = vec![];
        for entry in entries.take(most) {
            let path = entry.map_err(at(FileAction::Read, &folder))?.path();
            // A `.json` file is looked at by itself only where its transfer is missing.
            let bytes = path.with_extension("");
            let key = bytes.file_name().and_then(|name| name.to_str()?.parse::<Digest>().ok());
            let beside = bytes != path && bytes.exists();
            if let Some(key) = key.filter(|_| !beside && is_older(&path, age)) {
                found.push((key, bytes));
            }
        }
        Ok(found)
    }

    fn partial_lock(&self, key: &Digest) -> PathBuf {
        self.root.join(format!("locks/partial@{key}"))
    }

    /// Removes one partial transfer; `false` where it is in use.
    fn remove_partial(&self, key: &Digest, bytes: &Path) -> Result<bool, StoreError> {
        let lock = self.partial_lock(key);
        let held = self.open_lock(&lock)?;
        if !locks::tried(&lock, held.try_lock())? {
            return Ok(false);
        }
        for path in [bytes.with_extension("json"), bytes.to_owned()] {
            self.remove_own(&path)?;
        }
        Ok(true)
    }
}

/// Whether a file has not changed for `age`. A file whose time is further ahead than that was written under another
/// clock: it counts as old, since its age would be unknown for years.
pub(super) fn is_older(path: &Path, age: Duration) -> bool {
    is_older_at(path, age, SystemTime::now())
}

/// Removes the files of a folder that have not changed for `age`, also by the clock of the file system. What cannot be
/// removed stays.
pub(super) fn remove_older(folder: &Path, files: Vec<PathBuf>, age: Duration) {
    let old: Vec<PathBuf> = files.into_iter().filter(|path| is_older(path, age)).collect();
    for path in older_there(folder, old, age) {
        let _ = fs::remove_file(path);
    }
}

/// Those of the files below `folder` that have not changed for `age` by the clock of the file system, which a new file
/// shows: the clock of this process may have jumped, or differ from that of a server, and what is old by it alone may be in
/// use.
pub(super) fn older_there(folder: &Path, files: Vec<PathBuf>, age: Duration) -> Vec<PathBuf> {
    if files.is_empty() {
        return files;
    }
    let new_file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder);
    let now = new_file.and_then(|file| file.as_file().metadata()?.modified());
    // Where no file can be made, a later run removes them.
    let Ok(now) = now else { return vec![] };
    files.into_iter().filter(|path| is_older_at(path, age, now)).collect()
}

pub(super) fn is_older_at(path: &Path, age: Duration, now: SystemTime) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
    changed.is_ok_and(|at| match now.duration_since(at) {
        Ok(since) => since >= age,
        Err(ahead) => ahead.duration() >= age,
    })
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    const WEEK: Duration = Duration::from_secs(7 * 86_400);

    #[test]
    fn temporary_files_go_by_the_clock_of_the_file_system() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, changed: SystemTime| {
            let path = folder.path().join(name);
            File::create(&path).unwrap().set_modified(changed).unwrap();
            path
        };
        let now = SystemTime::now();
        let files = [file("old", now - 2 * WEEK), file("new", now), file("ahead", now + 2 * WEEK)];
        // By a clock that is two weeks ahead, the new one is old as well.
        assert!(is_older_at(&files[1], WEEK, now + 2 * WEEK) && !is_older(&files[1], WEEK));
        remove_older(folder.path(), files.to_vec(), WEEK);
        let left: Vec<PathBuf> = files.into_iter().filter(|path| path.exists()).collect();
        assert_eq!(left, [folder.path().join("new")]);
    }

    #[test]
    fn only_old_transfers_that_are_not_in_use_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("cache")).unwrap();
        assert_eq!(store.sweep_partials(WEEK, 9).unwrap(), 0);
        let partial = store.root().join("partial");
        fs::create_dir_all(&partial).unwrap();
        let key = |name: &str| Digest::of(name.as_bytes()).to_string();
        let old = SystemTime::now() - WEEK;
        for (name, ending, changed) in [
            ("old", "", old),
            ("old", ".json", old),
            ("new", "", SystemTime::now()),
            ("new", ".json", old),
            ("used", "", old),
            ("alone", ".json", old),
            ("ahead", "", SystemTime::now() + 52 * WEEK),
            ("soon", "", SystemTime::now() + WEEK / 2),
        ] {
            let file = File::create(partial.join(key(name) + ending)).unwrap();
            file.set_modified(changed).unwrap();
        }
        File::create(partial.join("README")).unwrap().set_modified(old).unwrap();
        let held =
            store.open_lock(&store.root().join(format!("locks/partial@{}", key("used")))).unwrap();
        held.try_lock().unwrap();
        assert_eq!(store.sweep_partials(WEEK, 99).unwrap(), 3);
        let mut left: Vec<String> = fs::read_dir(&partial)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mut stay =
            vec![key("new"), key("new") + ".json", key("used"), key("soon"), "README".to_owned()];
        stay.sort();
        assert_eq!(left, stay);
    }
}
