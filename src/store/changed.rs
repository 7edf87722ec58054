//! Detects a changed program without opening a file: by its times and those of the tree's fingerprint.

use std::{
    fs::{self, Metadata},
    time::SystemTime,
};

use super::{Installed, InstalledCheck, Store, StoreError, fingerprint::changed};

impl Store {
    /// As [`check_installed`](Self::check_installed); a damaged tree loses its fingerprint, so that the next command
    /// finds the [`damage`](Self::damage) too.
    ///
    /// # Errors
    /// As for [`check_installed`](Self::check_installed).
    pub fn check_before_launch(&self, installed: &Installed) -> Result<InstalledCheck, StoreError> {
        let begun = SystemTime::now();
        let checked = self.check_installed(installed);
        match &checked {
            Ok(InstalledCheck::Rehashed) => self.date_fingerprint(&installed.tree, begun),
            Ok(InstalledCheck::Unchanged) => {}
            // One that cannot be removed is in a store that cannot be written, and so cannot be repaired.
            Err(StoreError::Damaged { .. }) => _ = self.forget_fingerprint(&installed.tree),
            Err(_) => {}
        }
        checked
    }

    /// What is damaged in an installed release whose program was touched after its tree was last hashed; `None` where
    /// it was not touched, or is what its digest says.
    ///
    /// Opens no file of an untouched release. It notices a change of the program only;
    /// [`check_before_launch`](Self::check_before_launch) looks at all files.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a file cannot be read.
    pub fn damage(&self, installed: &Installed) -> Result<Option<String>, StoreError> {
        if self.is_untouched(installed) {
            return Ok(None);
        }
        let begun = SystemTime::now();
        match self.check_before_launch(installed) {
            Ok(_) => {
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
        match (self.hashed_at(&installed.tree), fs::metadata(&installed.entry)) {
            (Some(hashed), Ok(program)) => touched(&program).is_some_and(|at| at <= hashed),
            _ => false,
        }
    }
}

/// When the content, the name or the permissions of a file were last changed.
fn touched(meta: &Metadata) -> Option<SystemTime> {
    Some(meta.modified().ok()?.max(SystemTime::UNIX_EPOCH + changed(meta)?))
}
