//! Detects whether a tree was touched since it was last hashed, without reading its files.

use std::{fmt::Write as _, fs, path::Path, time::SystemTime};

use loom_source::Digest;

use super::{
    Installed, Store, StoreError, TreeListing,
    durable::replace_lazily,
    error::{FileAction, absent, at},
};

const HEADER: &str = "loom-fingerprint 1";

/// How an installed tree was found to be undamaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstalledCheck {
    /// The size, modification time and inode of every file are those of the last hashing.
    Unchanged,
    /// Every byte was hashed again.
    Rehashed,
}

impl Store {
    /// Checks before a launch that an installed tree is what its digest says.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the first file that is damaged.
    pub fn check_installed(&self, installed: &Installed) -> Result<InstalledCheck, StoreError> {
        let tree = &installed.tree;
        let path = self.object(tree);
        let missing = || StoreError::Damaged { path, what: "the tree's listing is missing".into() };
        let listing = self.listing(tree)?.ok_or_else(missing)?;
        let recorded = fs::read_to_string(self.fingerprint_path(tree)).ok();
        if recorded.is_some_and(|old| Some(old) == self.fingerprint(tree, &listing)) {
            return Ok(InstalledCheck::Unchanged);
        }
        // Taken first: a change during the hashing must not look like an unchanged file afterwards.
        let fingerprint = self.fingerprint(tree, &listing);
        self.rehash(tree, &listing)?;
        if let Some(fingerprint) = fingerprint {
            self.keep_fingerprint(tree, &fingerprint);
        }
        Ok(InstalledCheck::Rehashed)
    }

    /// Writes the fingerprint of a tree that has just been hashed. Without it the tree is hashed again before a launch.
    pub(super) fn write_fingerprint(&self, tree: &Digest, listing: &TreeListing) {
        if let Some(text) = self.fingerprint(tree, listing) {
            self.keep_fingerprint(tree, &text);
        }
    }

    fn keep_fingerprint(&self, tree: &Digest, text: &str) {
        let _ = replace_lazily(&self.tmp(), &self.fingerprint_path(tree), text.as_bytes());
    }

    /// One line per entry: size, modification time in nanoseconds, inode, path. `None` where a file is missing.
    fn fingerprint(&self, tree: &Digest, listing: &TreeListing) -> Option<String> {
        let folder = self.tree(tree);
        let mut text = format!("{HEADER}\n");
        for entry in listing.entries() {
            let meta = absent(fs::metadata(folder.join(entry.path.as_str()))).ok().flatten()?;
            let time = meta.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            let (size, inode) = (meta.len(), inode(&meta));
            writeln!(text, "{size} {} {inode} {}", time.as_nanos(), entry.path).ok()?;
        }
        Some(text)
    }

    pub(super) fn forget_fingerprint(&self, tree: &Digest) -> Result<(), StoreError> {
        let path = self.fingerprint_path(tree);
        forget(&path)
    }
}

fn forget(path: &Path) -> Result<(), StoreError> {
    absent(fs::remove_file(path)).map(drop).map_err(at(FileAction::Remove, path))
}

fn inode(meta: &fs::Metadata) -> u64 {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::ino(meta)
    }
    #[cfg(not(unix))]
    {
        let _ = meta;
        0
    }
}
