//! How much room versions take that share files: what the limit of a size compares.

use std::collections::{BTreeMap, BTreeSet};

use loom_source::Digest;

use super::{
    census::{Census, GcRoots, VersionHere},
    taken::FolderContent,
};
use crate::store::{Store, StoreError, du::sizes};

/// What is free when versions go one after the other. What several of them need is free with the last of them.
pub(super) struct FreedRoom<'a> {
    store: &'a Store,
    /// How many of the versions that stay name a tree or an object.
    named: BTreeMap<Digest, usize>,
    content: FolderContent,
}

impl<'a> FreedRoom<'a> {
    /// Nothing is free yet. `named` says how many versions and development builds name each tree.
    pub(super) fn new(
        store: &'a Store,
        versions: &[VersionHere],
        mut named: BTreeMap<Digest, usize>,
    ) -> Self {
        for object in versions.iter().flat_map(|version| &version.objects) {
            *named.entry(*object).or_insert(0) += 1;
        }
        Self { store, named, content: FolderContent::default() }
    }

    /// The bytes that are free once this version goes too.
    pub(super) fn take(&mut self, version: &VersionHere) -> u64 {
        let mut freed = 0;
        for tree in &version.trees {
            if self.is_last(tree) {
                let content = FolderContent::of(&self.store.tree(tree));
                freed += self.content.take(content) + self.store.object_bytes_on_disk(tree);
            }
        }
        for object in &version.objects {
            if self.is_last(object) {
                freed += self.store.object_bytes_on_disk(object);
            }
        }
        freed
    }

    /// Whether no other version names it.
    fn is_last(&mut self, digest: &Digest) -> bool {
        let Some(left) = self.named.get_mut(digest) else { return true };
        *left = left.saturating_sub(1);
        *left == 0
    }
}

impl Store {
    /// The size of the trees and objects that something needs. Garbage goes in the same collection, so that no version has
    /// to go for it.
    pub(super) fn needed_size(&self, census: &Census) -> Result<u64, StoreError> {
        if census.hides_needs() {
            return self.kept_size();
        }
        let GcRoots { projects, generations, kept, .. } = &census.roots;
        let rooted = [projects, generations, kept].into_iter().flatten();
        let of_versions = census.versions.iter().flat_map(|version| &version.trees);
        let trees: BTreeSet<Digest> =
            of_versions.chain(&census.development).chain(rooted).copied().collect();
        let mut objects = trees.clone();
        objects.extend(census.versions.iter().flat_map(|version| &version.objects));
        objects.extend(self.statements_of_lost_records(census));
        let folders = trees.iter().map(|tree| self.tree(tree));
        sizes(folders.chain(objects.iter().map(|object| self.object(object))))
    }

    /// The size of all trees and objects.
    pub(super) fn kept_size(&self) -> Result<u64, StoreError> {
        sizes([self.trees(), self.root().join("objects")])
    }
}
