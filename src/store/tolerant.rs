//! A store that notes what it cannot read: the rest is verified all the same. All others stop there, since they would take
//! what they do not see for absent.

use std::path::{Path, PathBuf};

use super::{Store, StoreError, list::names, unreadable::UnreadableNotes};

impl Store {
    /// The same store, which notes what it cannot read where it would fail otherwise.
    pub(super) fn noting(&self) -> (Self, UnreadableNotes) {
        let notes = UnreadableNotes::default();
        let mut store = self.clone();
        store.unreadable = Some(notes.clone());
        (store, notes)
    }

    /// What was read; `None` where it cannot be read and that was noted.
    pub(super) fn or_note<T>(&self, read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match (read, &self.unreadable) {
            (Err(StoreError::Io { path, source, .. }), Some(notes)) => {
                notes.note(path, &source);
                Ok(None)
            }
            (read, _) => read.map(Some),
        }
    }

    /// As [`names`]; none where the folder cannot be read and that was noted.
    pub(super) fn names(
        &self,
        folder: &Path,
        folders: bool,
    ) -> Result<Vec<(String, PathBuf)>, StoreError> {
        Ok(self.or_note(names(folder, folders))?.unwrap_or_default())
    }
}
