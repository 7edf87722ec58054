//! What killed processes and repairs have left, and what a collection removes because of its age.
//!
//! | where | what |
//! |---|---|
//! | `store/.new-*` | trees that were being made: their lock is free |
//! | `tmp/` | files that have not changed for a day |
//! | `damaged/` | what repairs have set aside |
//! | the state folder of this user | `.new-*` and `.loom-new-*` that have not changed for a day |

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Store, StoreError, du::size, durable::remove_any, list::names, locks::is_free, stale::is_older,
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
        let mut found = vec![];
        for folders in [true, false] {
            for (_, path) in names(&self.aside(), folders)? {
                found.push(Leftover::at(path)?);
            }
        }
        if let Some(state) = &self.state {
            state_files(state, STATE_LEVELS, &mut found);
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

/// The old temporary files below a folder of the state. What cannot be read is skipped.
fn state_files(folder: &Path, levels: u32, found: &mut Vec<Leftover>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        let name = name.to_string_lossy();
        if meta.is_dir() && levels > 1 {
            state_files(&path, levels - 1, found);
        } else if meta.is_file()
            && STATE_FILES.iter().any(|start| name.starts_with(start))
            && is_older(&path, ABANDONED)
        {
            found.push(Leftover { path, bytes: meta.len() });
        }
    }
}
