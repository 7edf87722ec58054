//! Root files that cannot be read: they are set aside. The root of a version that a user keeps is written again, since its
//! path says what it keeps; the others are written again with the lines that can be read.

use super::{RepairScope, Repaired};
use crate::store::{Damage, Installed, Store, StoreError, durable::replace};

impl Store {
    /// Sets damaged root files aside, and writes new ones with what can be read of them.
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
            let (kept, mended) = (self.kept_release_of(&path)?, self.mended_root(&path));
            let Some(to) = self.set_file_aside(&path)? else { continue };
            let to = to.display();
            let how = match (kept, mended) {
                (Some(installed), _) => {
                    self.keep_release(&installed)?;
                    format!("written again, since its path says what it keeps; {to} was: {what}")
                }
                (None, Some(mended)) => {
                    replace(&self.root, &self.tmp(), &path, &mended.bytes)?;
                    let lines = match mended.kept {
                        1 => "the one line that can be read".to_owned(),
                        kept => format!("the {kept} lines that can be read"),
                    };
                    format!(
                        "written again with {lines}; {to} was: {what}; what its other lines kept may be collected from now on"
                    )
                }
                (None, None) => format!(
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
