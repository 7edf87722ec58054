//! Root files that cannot be read: what they keep is not known, so nothing is collected until they are repaired.

use loom_source::{Digest, Slot};

use crate::store::{
    Damage, Store, StoreError,
    error::find_damage,
    list::{files_below, names},
    misplaced::Misplaced,
};

/// What mends a root file.
const FIX: &str = "`loom store repair` sets it aside; until then nothing is collected";

impl Store {
    /// The root files that cannot be read, and what is in the place of one.
    pub(in crate::store) fn damaged_roots(&self) -> Result<Vec<Damage>, StoreError> {
        let mut found = vec![];
        for Misplaced { path, what } in self.misplaced_roots()? {
            found.push(Damage { path, what, fix: FIX.to_owned() });
        }
        let mut look = |read: Result<(), StoreError>| -> Result<(), StoreError> {
            let damage = find_damage(read)?;
            found.extend(damage.map(|(path, what)| Damage { path, what, fix: FIX.to_owned() }));
            Ok(())
        };
        for product in self.products_in("roots/dev", "")? {
            look(self.dev_trees(&product.in_slot(Slot::Dev)).map(drop))?;
        }
        let projects = names(&self.root.join("roots/projects"), false)?.into_iter();
        for (_, path) in projects.filter(|(name, _)| name.parse::<Digest>().is_ok()) {
            look(Self::project_lines(&path).map(drop))?;
        }
        for path in files_below(&self.root.join("roots/generations"), 4)? {
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
