//! Root files that cannot be used: they are set aside. The root of a version that a user keeps is written again, since its
//! path says what it keeps; the others are written again with the lines that can be read.

use std::path::Path;

use super::{RepairScope, Repaired};
use crate::store::{
    Damage, Installed, Store, StoreError, durable::replace_dated, misplaced::is_there,
    roots::MendedRoot,
};

/// What is written in the place of a damaged root file.
enum NewRoot {
    /// The root of a version that a user keeps.
    Kept(Installed),
    /// The lines that can be read.
    Lines(MendedRoot),
}

impl Store {
    /// Sets damaged root files aside, and writes new ones with what can be read of them. A file stays in its place until the
    /// new one replaces it: at no moment a crash loses what can be read.
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
            let how = self.repair_root(&path, &what)?;
            repaired.extend(how.map(|how| Repaired::new(path, how)));
        }
        Ok(repaired)
    }

    /// How a root file was repaired; `None` where it is gone.
    fn repair_root(&self, path: &Path, what: &str) -> Result<Option<String>, StoreError> {
        let Some(meta) = is_there(path)? else { return Ok(None) };
        let new = match self.kept_release_of(path)? {
            Some(installed) => Some(NewRoot::Kept(installed)),
            None => self.mended_root(path).map(NewRoot::Lines),
        };
        let to = match &new {
            Some(_) if meta.is_file() => Some(self.copy_file_aside(path)?),
            _ => self.set_file_aside(path)?,
        };
        let Some(to) = to else { return Ok(None) };
        let to = to.display();
        Ok(Some(match new {
            Some(NewRoot::Kept(installed)) => {
                self.keep_release(&installed)?;
                format!("written again, since its path says what it keeps; {to} was: {what}")
            }
            Some(NewRoot::Lines(MendedRoot { bytes, kept })) => {
                // A repair is no use: the root of a project ends when the damaged one would have ended.
                let changed = meta.modified().ok();
                replace_dated(&self.root, &self.tmp(), path, &bytes, changed)?;
                let lines = match kept {
                    1 => "the one line that can be read".to_owned(),
                    kept => format!("the {kept} lines that can be read"),
                };
                format!(
                    "written again with {lines}; {to} was: {what}; what its other lines kept may be collected from now on"
                )
            }
            None => format!(
                "set aside as {to} ({what}): what it kept may be collected from now on; `loom store keep` keeps a version"
            ),
        }))
    }

    /// The installed release whose explicit root has this path.
    fn kept_release_of(&self, path: &Path) -> Result<Option<Installed>, StoreError> {
        let releases = self.releases_in_scope(RepairScope::Everything)?;
        let release = releases.into_iter().find(|it| self.explicit_root_path(it) == path);
        release.map_or(Ok(None), |release| self.find(&release))
    }
}
