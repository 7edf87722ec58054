//! [`LockFile`]: a lock file on disk.

use std::{
    io,
    path::{Path, PathBuf},
};

use loom_base::{atomic_file, bounded_file};
use loom_source::Digest;

use super::{LockDocument, LockError};

/// The size limit in bytes: a lock file may come from another person.
const MAX_SIZE: u64 = 1 << 20;

/// A lock file, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFile {
    /// The path.
    pub path: PathBuf,
    /// Its text.
    text: String,
    /// What it holds.
    pub lock: LockDocument,
}

impl LockFile {
    /// A lock that was read from elsewhere, such as a bundle. `path` names it in messages.
    ///
    /// # Errors
    /// As for [`LockDocument::parse`].
    pub fn of_text(path: PathBuf, text: String) -> Result<Self, LockError> {
        match LockDocument::parse(&text) {
            Ok(lock) => Ok(Self { path, text, lock }),
            Err(source) => Err(LockError::Unusable { file: path, source: Box::new(source) }),
        }
    }

    /// Reads the file at `path`; `None` if there is none.
    ///
    /// # Errors
    /// [`LockError::Read`] if it cannot be read, [`LockError::Unusable`] if it is not a lock file of a known version.
    pub fn read(path: &Path) -> Result<Option<Self>, LockError> {
        match bounded_file::read_text(path, MAX_SIZE) {
            Ok(text) => Self::of_text(path.to_owned(), text).map(Some),
            Err(error) if is_absent(&error) => Ok(None),
            Err(source) => Err(LockError::Read { file: path.to_owned(), source }),
        }
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The digest of its bytes, by which it is trusted.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }

    /// Writes `lock` to `path`, over `before` if there was a file: comments stay, and what has not changed keeps its
    /// bytes. The file is replaced as a whole; nothing is written where nothing has changed.
    ///
    /// # Errors
    /// [`LockError::Write`] if it cannot be written, [`LockError::Malformed`] if `before` cannot be edited.
    pub fn write(
        path: &Path,
        before: Option<&Self>,
        lock: LockDocument,
    ) -> Result<Self, LockError> {
        let text = match before {
            Some(before) if before.lock == lock => return Ok(before.clone()),
            Some(before) => super::edit::edited(&before.text, &lock)?,
            None => super::edit::new_text(&lock)?,
        };
        let written = match before {
            Some(_) => atomic_file::edit(path, text.as_bytes()),
            None => atomic_file::create(path, text.as_bytes()),
        };
        written.map_err(|source| LockError::Write { file: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), text, lock })
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
