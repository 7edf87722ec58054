//! What makes a folder a store, and what is in the place of its files and folders.

use super::{RepairScope, Repaired};
use crate::store::{
    Store, StoreError,
    durable::replace,
    founding::{CACHEDIR_TAG, TAG_FILE},
    misplaced::Misplaced,
};

impl Store {
    /// Sets aside what is in the place of something else. Writes `format` again where it is missing or damaged beside the
    /// rest of a store, and the tag for backup programs. Unlike the next write, this removes no tree that nothing names.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read or written.
    pub fn repair_foundation(&self, scope: RepairScope<'_>) -> Result<Vec<Repaired>, StoreError> {
        let mut repaired = vec![];
        let format = self.root.join("format");
        let is_damaged = match self.read_format() {
            Err(StoreError::DamagedFormat { .. }) => true,
            read => {
                if !read? && !self.has_remains() {
                    return Ok(repaired);
                }
                false
            }
        };
        self.refuse_foreign_folder()?;
        let mut misplaced = self.misplaced_in(scope)?;
        // Root files are repaired by themselves: they say what is lost.
        misplaced.retain(|it| !it.path.starts_with(self.root.join("roots")));
        if is_damaged || !misplaced.is_empty() {
            self.check_writers()?;
        }
        if is_damaged {
            self.set_file_aside(&format)?;
        }
        for Misplaced { path, what } in misplaced {
            let aside = self.set_file_aside(&path)?;
            repaired.extend(
                aside.map(|to| {
                    Repaired::new(path, format!("set aside as {}: {what}", to.display()))
                }),
            );
        }
        if !self.exists() {
            self.check_writers()?;
            self.create()?;
            repaired.push(Repaired::new(format, "written again"));
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
