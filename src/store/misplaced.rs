//! What is in the place of something else: a folder where a file belongs, a file where a folder belongs, a FIFO or a device.
//! No program of Loom leaves that, so it is damage, and a repair sets it aside.

use std::{
    fs::{self, FileType, Metadata},
    path::{Path, PathBuf},
};

use super::{
    Store, StoreError,
    document_file::in_words,
    durable::create_folder,
    error::{FileAction, absent, at},
    move_folder::move_folder,
};

/// Something in the place of something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misplaced {
    pub(super) path: PathBuf,
    /// What belongs there, and what is there.
    pub(super) what: String,
}

/// The folder of what repairs have set aside.
const ASIDE: &str = "damaged";

impl Store {
    /// Renames what is damaged to `damaged/<n>-<name>`, where it stays until the next collection. Returns its path there;
    /// `None` where it is gone.
    pub(super) fn set_file_aside(&self, path: &Path) -> Result<Option<PathBuf>, StoreError> {
        if is_there(path)?.is_none() {
            return Ok(None);
        }
        let to = self.free_aside(path)?;
        move_folder(path, &to)?;
        Ok(Some(to))
    }

    /// As [`set_file_aside`](Self::set_file_aside), for a file that is replaced: it stays in its place too, so that a crash
    /// before the replacement loses nothing.
    pub(super) fn copy_file_aside(&self, path: &Path) -> Result<PathBuf, StoreError> {
        let to = self.free_aside(path)?;
        if fs::hard_link(path, &to).is_err() {
            fs::copy(path, &to).map_err(at(FileAction::Write, &to))?;
        }
        Ok(to)
    }

    /// A path in `damaged/` for what is at `path`.
    fn free_aside(&self, path: &Path) -> Result<PathBuf, StoreError> {
        let folder = self.aside();
        // Nothing is moved to where a link leads.
        if is_there(&folder)?.is_some_and(|meta| !meta.is_dir()) {
            fs::remove_file(&folder).map_err(at(FileAction::Remove, &folder))?;
        }
        create_folder(&folder)?;
        Ok((1_u32..)
            .map(|number| folder.join(format!("{number}-{}", name(path))))
            .find(|to| fs::symlink_metadata(to).is_err())
            .unwrap_or_else(|| folder.join(name(path))))
    }

    /// The folder of what repairs have set aside.
    pub(super) fn aside(&self) -> PathBuf {
        self.root.join(ASIDE)
    }
}

impl Misplaced {
    pub(super) fn new(path: &Path, expected: &str, kind: FileType) -> Self {
        let got = in_words(kind);
        Self { path: path.to_owned(), what: format!("expected {expected}, got {got}") }
    }
}

/// What is at a path; `None` where nothing is. A link is not followed: what it leads to is not the store's.
pub(super) fn is_there(path: &Path) -> Result<Option<Metadata>, StoreError> {
    absent(fs::symlink_metadata(path)).map_err(at(FileAction::Read, path))
}

pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
