//! What killed processes and repairs have left, and what a collection removes because of its age.
//!
//! | where | what |
//! |---|---|
//! | `store/.new-*` | trees that were being made: their lock is free |
//! | `tmp/` | files that have not changed for a day |
//! | `damaged/` | what repairs have set aside |
//! | the state folder of this user | `.new-*` and `.loom-new-*` that have not changed for a day, by two clocks |

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{
    Store, StoreError,
    du::size,
    durable::remove_any,
    list::names,
    locks::is_free,
    stale::{is_older, is_older_at, older_there},
};

/// A temporary file that has not changed for this long belongs to no process.
pub(super) const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// The lock of a staging folder, inside the folder.
pub(super) const LOCK: &str = "lock";

/// The beginnings of the names of files that are being written in the state folder.
const STATE_FILES: [&str; 2] = [".new-", ".loom-new-"];

/// How deep the state folder has files that are replaced.
const STATE_LEVELS: u32 = 6;

/// Something that is left, and its size.
#[derive(Debug)]
pub(super) struct Leftover {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

impl Leftover {
    fn at(path: PathBuf) -> Result<Self, StoreError> {
        Ok(Self { bytes: size(&path)?, path })
    }
}

impl Store {
    /// What [`sweep`](Self::sweep) removes: staged trees without a maker, and old temporary files. Trees come first.
    pub(super) fn abandoned(&self) -> Result<(Vec<Leftover>, Vec<Leftover>), StoreError> {
        let (mut trees, mut files) = (vec![], vec![]);
        for (name, path) in names(&self.trees(), true)? {
            if name.starts_with(".new-") && is_free(&path.join(LOCK)) {
                trees.push(Leftover::at(path)?);
            }
        }
        for (_, path) in names(&self.tmp(), false)? {
            if is_older(&path, ABANDONED) {
                files.push(Leftover::at(path)?);
            }
        }
        Ok((trees, files))
    }

    /// What repairs have set aside, and old temporary files in the state folder.
    pub(super) fn left_behind(&self) -> Result<Vec<Leftover>, StoreError> {
        self.left_behind_at(SystemTime::now())
    }

    /// The same by a clock of this process that says `now`.
    fn left_behind_at(&self, now: SystemTime) -> Result<Vec<Leftover>, StoreError> {
        let mut found = vec![];
        for folders in [true, false] {
            for (_, path) in names(&self.aside(), folders)? {
                found.push(Leftover::at(path)?);
            }
        }
        if let Some(state) = &self.state {
            let mut old = vec![];
            state_files(state, STATE_LEVELS, now, &mut old);
            // A file that is old by the clock of this process alone may be that of a running one.
            for path in older_there(state, old, ABANDONED) {
                let bytes = fs::symlink_metadata(&path).map_or(0, |meta| meta.len());
                found.push(Leftover { path, bytes });
            }
        }
        Ok(found)
    }

    /// Removes what [`left_behind`](Self::left_behind) finds; returns how many, and their bytes. What cannot be removed
    /// stays.
    pub(super) fn remove_left_behind(&self) -> Result<(usize, u64), StoreError> {
        let (mut count, mut bytes) = (0, 0);
        for left in self.left_behind()? {
            if remove_any(&left.path).is_ok() {
                (count, bytes) = (count + 1, bytes + left.bytes);
            }
        }
        let _ = fs::remove_dir(self.aside());
        Ok((count, bytes))
    }
}

/// The temporary files below a folder of the state that are old at this time. What cannot be read is skipped.
fn state_files(folder: &Path, levels: u32, now: SystemTime, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        let name = name.to_string_lossy();
        if meta.is_dir() && levels > 1 {
            state_files(&path, levels - 1, now, found);
        } else if meta.is_file()
            && STATE_FILES.iter().any(|start| name.starts_with(start))
            && is_older_at(&path, ABANDONED, now)
        {
            found.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn temporary_files_of_the_state_go_by_the_clock_of_the_file_system() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, state) = (folder.path().join("cache"), folder.path().join("state"));
        fs::create_dir_all(state.join("instances")).unwrap();
        let now = SystemTime::now();
        let file = |name: &str, changed: SystemTime| {
            let path = state.join(name);
            File::create(&path).unwrap().set_modified(changed).unwrap();
            path
        };
        file(".new-fresh", now);
        file("instances/.loom-new-fresh", now);
        file("old", now - 3 * ABANDONED);
        let abandoned = [
            file(".new-old", now - 3 * ABANDONED),
            file("instances/.new-old", now - 3 * ABANDONED),
        ];
        let store = Store::open(&cache).unwrap().with_state(&state);
        for clock in [now, now + 2 * ABANDONED] {
            let left = store.left_behind_at(clock).unwrap();
            let mut paths: Vec<PathBuf> = left.into_iter().map(|it| it.path).collect();
            paths.sort();
            assert_eq!(paths, abandoned);
        }
        // Nothing is left of the look at the clock.
        assert_eq!(fs::read_dir(&state).unwrap().count(), 4);
    }
}
