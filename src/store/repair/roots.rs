//! Root files that cannot be read: they are set aside. The root of a version that a user keeps is written again, since its
//! path says what it keeps; what the others kept is not known any more.

use super::{RepairScope, Repaired};
use crate::store::{Damage, Installed, Store, StoreError};

impl Store {
    /// Sets damaged root files aside.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read or written.
    pub fn repair_roots(&self) -> Result<Vec<Repaired>, StoreError> {
        let mut repaired = vec![];
        if self.damaged_roots()?.is_empty() {
            return Ok(repaired);
        }
        let _alone = self.lock_for_collection()?;
        for Damage { path, what, .. } in self.damaged_roots()? {
            let kept = self.kept_release_of(&path)?;
            let Some(to) = self.set_file_aside(&path)? else { continue };
            let to = to.display();
            let how = match kept {
                Some(installed) => {
                    self.keep_release(&installed)?;
                    format!("written again, since its path says what it keeps; {to} was: {what}")
                }
                None => format!(
                    "set aside as {to} ({what}): what it kept may be collected from now on; `loom store keep` keeps a \
                     version"
                ),
            };
            repaired.push(Repaired::new(path, how));
        }
        Ok(repaired)
    }

    /// The installed release whose explicit root has this path.
    fn kept_release_of(&self, path: &std::path::Path) -> Result<Option<Installed>, StoreError> {
        let releases = self.releases_in_scope(RepairScope::Everything)?;
        let release = releases.into_iter().find(|it| self.explicit_root_path(it) == path);
        release.map_or(Ok(None), |release| self.find(&release))
    }
}
