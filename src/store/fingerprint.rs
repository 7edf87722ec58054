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
        let checked = self.check_files(&installed.tree);
        if matches!(checked, Err(StoreError::Damaged { .. })) {
            // Without a fingerprint the next command looks at every file.
            let _ = self.forget_fingerprint(&installed.tree);
        }
        checked
    }

    fn check_files(&self, tree: &Digest) -> Result<InstalledCheck, StoreError> {
        let path = self.object(tree);
        let missing = || StoreError::Damaged { path, what: "the tree's listing is missing".into() };
        let listing = self.listing(tree)?.ok_or_else(missing)?;
        let recorded = fs::read_to_string(self.fingerprint_path(tree)).ok();
        if recorded.is_some_and(|old| Some(old) == self.fingerprint(tree, &listing)) {
            return Ok(InstalledCheck::Unchanged);
        }
        // Taken first: a change during the hashing must not look like an unchanged file afterwards.
        let begun = SystemTime::now();
        let fingerprint = self.fingerprint(tree, &listing);
        self.rehash(tree, &listing)?;
        if let Some(fingerprint) = fingerprint {
            self.keep_fingerprint(tree, &fingerprint);
            self.date_fingerprint(tree, begun);
        }
        Ok(InstalledCheck::Rehashed)
    }

    /// What is damaged in an installed release whose program was touched after its tree was last hashed; `None` where
    /// it was not touched, or is what its digest says.
    ///
    /// Opens no file of an untouched release: the times of the program and of the fingerprint are compared. So it
    /// notices a change of the program, and [`check_installed`](Self::check_installed) a change of any file.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a file cannot be read.
    pub fn damage(&self, installed: &Installed) -> Result<Option<String>, StoreError> {
        if self.is_untouched(installed) {
            return Ok(None);
        }
        let begun = SystemTime::now();
        match self.check_installed(installed) {
            Ok(InstalledCheck::Rehashed) => Ok(None),
            Ok(InstalledCheck::Unchanged) => {
                self.date_fingerprint(&installed.tree, begun);
                Ok(None)
            }
            Err(StoreError::Damaged { path, what }) => {
                Ok(Some(format!("{}: {what}", path.display())))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the program was last touched before its tree was hashed.
    fn is_untouched(&self, installed: &Installed) -> bool {
        let hashed = fs::metadata(self.fingerprint_path(&installed.tree));
        let program = fs::metadata(&installed.entry);
        match (hashed.and_then(|meta| meta.modified()), program) {
            (Ok(hashed), Ok(program)) => touched(&program).is_some_and(|at| at <= hashed),
            _ => false,
        }
    }

    /// Notes that the tree was what its fingerprint says at this time. Where that fails, the next command looks again.
    fn date_fingerprint(&self, tree: &Digest, at: SystemTime) {
        let file = fs::File::options().append(true).open(self.fingerprint_path(tree));
        let _ = file.and_then(|file| file.set_modified(at));
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

/// When the content, the name or the permissions of a file were last changed.
fn touched(meta: &fs::Metadata) -> Option<SystemTime> {
    let modified = meta.modified().ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let seconds = std::time::Duration::from_secs(u64::try_from(meta.ctime()).ok()?);
        let nanos = std::time::Duration::from_nanos(u64::try_from(meta.ctime_nsec()).ok()?);
        Some(modified.max(SystemTime::UNIX_EPOCH + seconds + nanos))
    }
    #[cfg(not(unix))]
    {
        Some(modified)
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
