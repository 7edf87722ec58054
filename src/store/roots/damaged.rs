//! Root files that cannot be read: what they keep is not known, so nothing is collected until they are repaired.

use std::{fs, path::Path};

use loom_source::{Digest, Slot};

use super::MendedRoot;
use crate::store::{
    Damage, Store, StoreError, document_file::read_document, error::find_damage,
    misplaced::Misplaced,
};

/// What mends a root file.
const FIX: &str =
    "`loom store repair` keeps what can be read of it; until then nothing is collected";

impl Store {
    /// A root file of what can be read of a damaged one; `None` where nothing can. The root of a version that a user keeps is
    /// made again by its path.
    pub(in crate::store) fn mended_root(&self, path: &Path) -> Option<MendedRoot> {
        let kind = path.strip_prefix(self.root.join("roots")).ok()?.iter().next()?;
        let mend = match kind.to_str()? {
            "projects" => Self::mended_project,
            "generations" => Self::mended_generations,
            "dev" => Self::mended_dev_root,
            _ => return None,
        };
        // What a link leads to is not the store's.
        let is_file = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
        mend(&read_document(path).ok()??).filter(|_| is_file)
    }

    /// The root files that cannot be read, and what is in the place of one.
    pub(in crate::store) fn damaged_roots(&self) -> Result<Vec<Damage>, StoreError> {
        let mut found = vec![];
        let misplaced = self.or_note(self.misplaced_roots())?;
        for Misplaced { path, what } in misplaced.unwrap_or_default() {
            found.push(Damage { path, what, fix: FIX.to_owned() });
        }
        let mut look = |read: Result<(), StoreError>| -> Result<(), StoreError> {
            let damage = self.or_note(find_damage(read))?.flatten();
            found.extend(damage.map(|(path, what)| Damage { path, what, fix: FIX.to_owned() }));
            Ok(())
        };
        for product in self.products_in("roots/dev", "")? {
            look(self.dev_trees(&product.in_slot(Slot::Dev)).map(drop))?;
        }
        let projects = self.names(&self.root.join("roots/projects"), false)?.into_iter();
        for (_, path) in projects.filter(|(name, _)| name.parse::<Digest>().is_ok()) {
            look(Self::project_lines(&path).map(drop))?;
        }
        for path in self.files_below(&self.root.join("roots/generations"), 4)? {
            look(Self::generation_lines(&path).map(drop))?;
        }
        for release in self.releases_in("roots/kept", "")? {
            look(self.kept_tree(&release).map(drop))?;
        }
        found.sort();
        found.dedup_by(|b, a| a.path == b.path);
        Ok(found)
    }
}
