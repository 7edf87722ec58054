//! Detects whether a tree was touched since it was last hashed, without reading its files.

use std::{
    fmt::Write as _,
    fs::{self, Metadata},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use loom_source::Digest;

use super::{
    EntryKind, Installed, Store, StoreError, TreeListing,
    durable::set_mode,
    error::{FileAction, absent, at},
};

const HEADER: &str = "loom-fingerprint 1";

/// How an installed tree was found to be undamaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstalledCheck {
    /// Size, times and inode of every file are those of the last hashing.
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
        let mut current = self.fingerprint(tree, &listing);
        if current.as_ref().is_some_and(|now| self.is_recorded(tree, &now.text)) {
            return Ok(InstalledCheck::Unchanged);
        }
        self.rehash(tree, &listing)?;
        if let Some(Fingerprint { not_executable, .. }) = &current
            && !not_executable.is_empty()
        {
            not_executable.iter().try_for_each(|path| restore_mode(path))?;
            // Permissions change the time of the last change, which is a part of the fingerprint.
            current = self.fingerprint(tree, &listing);
            self.rehash(tree, &listing)?;
        }
        if let Some(now) = current {
            self.keep_fingerprint(tree, &now.text);
        }
        Ok(InstalledCheck::Rehashed)
    }

    /// Writes the fingerprint of a tree that has just been hashed. Without it the tree is hashed again before a launch.
    pub(super) fn write_fingerprint(&self, tree: &Digest, listing: &TreeListing) {
        if let Some(current) = self.fingerprint(tree, listing) {
            self.keep_fingerprint(tree, &current.text);
        }
    }

    /// One line per entry: size, time of modification and of the last change in nanoseconds, inode, path. `None` where a
    /// file is missing.
    pub(super) fn fingerprint(&self, tree: &Digest, listing: &TreeListing) -> Option<Fingerprint> {
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
            let (size, inode, changed) = (meta.len(), inode(&meta), changed(&meta)?);
            let (modified, changed) = (time.as_nanos(), changed.as_nanos());
            writeln!(text, "{size} {modified} {changed} {inode} {}", entry.path).ok()?;
        }
        Some(Fingerprint { text, not_executable })
    }
}

/// The current state of a tree.
pub(super) struct Fingerprint {
    pub(super) text: String,
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

fn may_execute(meta: &Metadata) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0
    }
    #[cfg(not(unix))]
    {
        meta.is_file()
    }
}

/// When the content, the name or the permissions of a file were last changed, since 1970; zero where the system does not
/// tell. Unlike the time of modification, no program can set it.
pub(super) fn changed(meta: &Metadata) -> Option<Duration> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let seconds = Duration::from_secs(u64::try_from(meta.ctime()).ok()?);
        Some(seconds + Duration::from_nanos(u64::try_from(meta.ctime_nsec()).ok()?))
    }
    #[cfg(not(unix))]
    {
        let _ = meta;
        Some(Duration::ZERO)
    }
}

pub(super) fn inode(meta: &Metadata) -> u64 {
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
