//! [`RepairScope`]: what is to be repaired, and which files are those of a release.

use std::path::PathBuf;

use loom_source::{Digest, Release, Slot};

use crate::store::{
    Damage, Store, StoreError, TreeRef, error::undamaged, misplaced::Misplaced, remove::objects_of,
};

/// What is to be repaired.
#[derive(Clone, Copy)]
pub enum RepairScope<'a> {
    /// The store.
    Everything,
    /// Only the releases for which the function returns `true`.
    Releases(&'a dyn Fn(&Release) -> bool),
}

impl RepairScope<'_> {
    /// Whether a release is to be repaired.
    pub fn covers(self, release: &Release) -> bool {
        match self {
            Self::Everything => true,
            Self::Releases(wanted) => wanted(release),
        }
    }
}

impl Store {
    /// The releases of a scope of which something is here: versions, and development builds.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read.
    pub fn releases_in_scope(&self, scope: RepairScope<'_>) -> Result<Vec<Release>, StoreError> {
        let mut releases = self.installed_versions()?;
        releases.retain(|release| self.is_left(release));
        releases.extend(self.unrecorded()?.into_iter().map(|(release, _)| release));
        releases.extend(self.known()?.into_iter().filter(|release| release.slot == Slot::Dev));
        // A root that cannot be read is a damage of its own.
        let kept = undamaged(self.kept_releases())?.unwrap_or_default();
        releases.extend(kept.into_iter().map(|(release, _)| release));
        releases.retain(|release| scope.covers(release));
        releases.sort_by_key(ToString::to_string);
        releases.dedup();
        Ok(releases)
    }

    /// The damages that are those of a scope, of `format`, or of a folder that hides one of these.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read.
    pub fn damages_in_scope(
        &self,
        scope: RepairScope<'_>,
        mut damages: Vec<Damage>,
    ) -> Result<Vec<Damage>, StoreError> {
        if let RepairScope::Releases(_) = scope {
            let releases = self.releases_in_scope(scope)?;
            let mut paths = vec![self.root.join("format")];
            for release in &releases {
                paths.extend(self.paths_of(release)?);
            }
            let is_of = |damage: &Damage, path: &PathBuf| {
                let hides = damage.is_unreadable() && path.starts_with(&damage.path);
                hides || damage.path.starts_with(path)
            };
            damages.retain(|damage| paths.iter().any(|path| is_of(damage, path)));
        }
        Ok(damages)
    }

    /// What is in the place of the files of a scope, or of files that every command needs.
    pub(super) fn misplaced_in(
        &self,
        scope: RepairScope<'_>,
    ) -> Result<Vec<Misplaced>, StoreError> {
        let mut misplaced = self.misplaced()?;
        if let RepairScope::Releases(_) = scope {
            let mut paths: Vec<PathBuf> =
                ["locks", "leases", "tmp"].map(|folder| self.root.join(folder)).into();
            for release in self.releases_in_scope(scope)? {
                paths.extend(self.paths_of(&release)?);
            }
            let is_needed = |it: &Misplaced| {
                paths.iter().any(|path| it.path.starts_with(path) || path.starts_with(&it.path))
            };
            misplaced.retain(is_needed);
        }
        Ok(misplaced)
    }

    /// The trees of the releases of a scope that are here.
    pub(super) fn trees_in(&self, scope: RepairScope<'_>) -> Result<Vec<Digest>, StoreError> {
        let mut trees = vec![];
        for release in self.releases_in_scope(scope)? {
            trees.extend(self.trees_named_by(&release)?);
        }
        trees.retain(|tree| self.tree(tree).is_dir());
        trees.sort_unstable();
        trees.dedup();
        Ok(trees)
    }

    /// The trees that anything of a release names: record, link, verification, root.
    fn trees_named_by(&self, release: &Release) -> Result<Vec<Digest>, StoreError> {
        let refs = self.tree_refs(release)?.into_iter().map(|TreeRef { tree, .. }| tree);
        let verification = undamaged(self.verification(release))?.flatten();
        let receipt = self.receipt(release).ok().flatten().and_then(|receipt| receipt.tree);
        Ok(refs.chain(verification.map(|it| it.tree)).chain(receipt).collect())
    }

    /// The files and folders of a release.
    fn paths_of(&self, release: &Release) -> Result<Vec<PathBuf>, StoreError> {
        let mut paths = vec![
            self.record_path(release),
            self.verification_path(release),
            self.receipt_path(release),
            self.link_path(release),
        ];
        if release.slot == Slot::Dev {
            paths.push(self.dev_root_path(release));
        }
        let mut objects = self.trees_named_by(release)?;
        paths.extend(objects.iter().map(|tree| self.tree(tree)));
        let record = undamaged(self.record(release))?.flatten();
        objects.extend(record.iter().flat_map(objects_of));
        let verification = undamaged(self.verification(release))?.flatten();
        objects.extend(verification.into_iter().flat_map(|it| it.evidence));
        paths.extend(objects.iter().map(|object| self.object(object)));
        Ok(paths)
    }
}
