//! Whether a folder that is no store yet belongs to something else: a home folder, the root of a system, a prefix such as
//! `/usr/local`. Nothing is made or renamed there, and no permission is changed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Store, StoreError,
    error::{FileAction, absent, at},
};

/// The names at the top of a store, without those below.
const OWN_NAMES: [&str; 13] = [
    "bin",
    "damaged",
    "failures",
    "fingerprints",
    "leases",
    "objects",
    "partial",
    "receipts",
    "releases",
    "root",
    "roots",
    "store",
    "verifications",
];

/// What the creation of a store makes first, and may have left, and what file systems make at the top of a disk.
const NEUTRAL_NAMES: [&str; 4] = ["CACHEDIR.TAG", "locks", "lost+found", "tmp"];

/// The beginning of the name of a `bin/` of another program that was set aside.
pub(super) const FOREIGN_BIN: &str = "bin.foreign-";

impl Store {
    /// Whether the folder is a store, what is left of one, or one whose creation was begun. A folder `store` may be that of
    /// any program: trees in it count.
    pub(super) fn is_founded(&self) -> bool {
        let is_here = |name: &str| self.root.join(name).symlink_metadata().is_ok();
        let has_trees = || self.trees_here().is_ok_and(|trees| !trees.is_empty());
        ["format", "locks/format", "objects/sha256"].into_iter().any(is_here)
            || self.has_tag()
            || has_trees()
    }

    /// Refuses a folder that is no store and has files of others in the place of a store's, and a file in its place. A `bin/`
    /// alone is that of an earlier program for the same purpose.
    ///
    /// # Errors
    /// [`StoreError::ForeignFolder`], [`StoreError::NotAFolder`], and where the folder cannot be read.
    pub fn refuse_foreign_folder(&self) -> Result<(), StoreError> {
        let root = &self.root;
        let Some(meta) = absent(fs::metadata(root)).map_err(at(FileAction::Read, root))? else {
            return Ok(());
        };
        if !meta.is_dir() {
            return Err(StoreError::NotAFolder { root: root.clone() });
        }
        if self.is_founded() {
            return Ok(());
        }
        let names = names_in(root)?;
        let is_own = |name: &&String| OWN_NAMES.contains(&name.as_str());
        let is_neutral = |name: &&String| {
            name.starts_with(FOREIGN_BIN) || NEUTRAL_NAMES.contains(&name.as_str())
        };
        let own = names.iter().find(is_own);
        let other = names.iter().find(|name| !is_own(name) && !is_neutral(name));
        let foreign = |name: &str, beside: PathBuf| StoreError::ForeignFolder {
            path: root.join(name),
            beside,
        };
        if let (Some(own), Some(other)) = (own, other) {
            return Err(foreign(own, root.join(other)));
        }
        // Old files are removed there. The creation of a store makes the folder of the locks, durably, before it writes there.
        let tmp = self.tmp();
        match names_in(&tmp)?.first() {
            Some(file) if !root.join("locks").is_dir() => Err(foreign("tmp", tmp.join(file))),
            _ => Ok(()),
        }
    }
}

/// The names in a folder, in their order; none where it is not there.
fn names_in(folder: &Path) -> Result<Vec<String>, StoreError> {
    let Some(entries) = absent(fs::read_dir(folder)).map_err(at(FileAction::Read, folder))? else {
        return Ok(vec![]);
    };
    let name = |entry: std::io::Result<fs::DirEntry>| {
        Ok(entry.map_err(at(FileAction::Read, folder))?.file_name().to_string_lossy().into_owned())
    };
    let mut names = entries.map(name).collect::<Result<Vec<_>, _>>()?;
    names.sort();
    Ok(names)
}
