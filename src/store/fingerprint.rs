//! Detects whether a tree was touched since it was last hashed, without reading its files.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use loom_base::bounded_file;
use loom_source::Digest;

use super::{
    EntryKind, Installed, Store, StoreError, TreeListing,
    durable::{replace_lazily, set_mode},
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
    /// Checks before a launch that an installed tree is what its digest says. Programs that have lost their permission to
    /// execute get it again.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] names the first file that is damaged, [`StoreError::NotExecutable`] a program whose
    /// permissions cannot be restored.
    pub fn check_installed(&self, installed: &Installed) -> Result<InstalledCheck, StoreError> {
        let tree = &installed.tree;
        let path = self.object(tree);
        let missing = || StoreError::Damaged { path, what: "the tree's listing is missing".into() };
        let listing = self.listing(tree)?.ok_or_else(missing)?;
        // Taken first: a change during the hashing must not look like an unchanged file afterwards.
        let current = self.fingerprint(tree, &listing);
        let unchanged = current.as_ref().is_some_and(|now| self.is_recorded(tree, &now.text));
        if !unchanged {
            self.rehash(tree, &listing)?;
        }
        if let Some(Fingerprint { text, not_executable }) = current {
            if !unchanged {
                self.keep_fingerprint(tree, &text);
            }
            not_executable.iter().try_for_each(|path| restore_mode(path))?;
        }
        Ok(if unchanged { InstalledCheck::Unchanged } else { InstalledCheck::Rehashed })
    }

    /// Writes the fingerprint of a tree that has just been hashed. Without it the tree is hashed again before a launch.
    pub(super) fn write_fingerprint(&self, tree: &Digest, listing: &TreeListing) {
        if let Some(current) = self.fingerprint(tree, listing) {
            self.keep_fingerprint(tree, &current.text);
        }
    }

    /// Whether `text` is the fingerprint that is kept of a tree.
    fn is_recorded(&self, tree: &Digest, text: &str) -> bool {
        bounded_file::read(&self.fingerprint_path(tree), text.len() as u64)
            .is_ok_and(|recorded| recorded == text.as_bytes())
    }

    fn keep_fingerprint(&self, tree: &Digest, text: &str) {
        let _ = replace_lazily(&self.tmp(), &self.fingerprint_path(tree), text.as_bytes());
    }

    /// One line per entry: size, modification time in nanoseconds, inode, path. `None` where a file is missing.
    fn fingerprint(&self, tree: &Digest, listing: &TreeListing) -> Option<Fingerprint> {
        let folder = self.tree(tree);
        let mut text = format!("{HEADER}\n");
        let mut not_executable = vec![];
        for entry in listing.entries() {
            let path = folder.join(entry.path.as_str());
            let meta = absent(fs::metadata(&path)).ok().flatten()?;
            if entry.kind == EntryKind::Executable && !may_execute(&meta) {
                not_executable.push(path);
            }
            let time = meta.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            let (size, inode) = (meta.len(), inode(&meta));
            writeln!(text, "{size} {} {inode} {}", time.as_nanos(), entry.path).ok()?;
        }
        Some(Fingerprint { text, not_executable })
    }

    pub(super) fn forget_fingerprint(&self, tree: &Digest) -> Result<(), StoreError> {
        let path = self.fingerprint_path(tree);
        forget(&path)
    }
}

/// The current state of a tree.
struct Fingerprint {
    text: String,
    /// The programs without permission to execute: a copy of the store over another file system, or `chmod -R`.
    not_executable: Vec<PathBuf>,
}

/// Gives a program its permissions again; its bytes are right.
fn restore_mode(path: &Path) -> Result<(), StoreError> {
    let refused = |why| StoreError::NotExecutable { path: path.to_owned(), why };
    if set_mode(path, 0o555).is_err() {
        return Err(refused(
            "it has lost its permission to execute, and only its owner can restore it",
        ));
    }
    let meta = fs::metadata(path).map_err(at(FileAction::Read, path))?;
    if may_execute(&meta) {
        return Ok(());
    }
    Err(refused("its file system keeps no permissions"))
}

fn may_execute(meta: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0
    }
    #[cfg(not(unix))]
    {
        meta.is_file()
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
