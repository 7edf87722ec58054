//! What makes a folder a store.

use super::Repaired;
use crate::store::{
    Store, StoreError,
    durable::replace,
    founding::{CACHEDIR_TAG, TAG_FILE},
};

impl Store {
    /// Writes `format` again where it is missing beside the rest of a store, and the tag for backup programs. Unlike the
    /// next write, this removes no tree that nothing names.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read or written.
    pub fn repair_foundation(&self) -> Result<Vec<Repaired>, StoreError> {
        let mut repaired = vec![];
        if !self.exists() {
            if !self.has_remains() {
                return Ok(repaired);
            }
            self.check_writers()?;
            self.create()?;
            repaired.push(Repaired::new(self.root.join("format"), "written again"));
        }
        self.prepare()?;
        let tag = self.root.join(TAG_FILE);
        if !tag.is_file() {
            replace(&self.root, &self.tmp(), &tag, CACHEDIR_TAG.as_bytes())?;
            repaired.push(Repaired::new(tag, "written again"));
        }
        Ok(repaired)
    }
}
