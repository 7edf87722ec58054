//! What a store holds, read once while publishers wait.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    time::SystemTime,
};

use loom_source::{Digest, Product, Release, Slot};

use crate::store::{
    Damage, EntryKind, Store, StoreError, Verification, cores::on_all_cores, du::size,
    error::undamaged, list::order, remove::objects_of,
};

/// What a store holds.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// The versions with a record, and those that only a link or a verification names.
    pub(super) versions: Vec<VersionHere>,
    /// What keeps trees.
    pub(super) roots: GcRoots,
    /// The objects in `objects/`.
    pub(super) objects: Vec<Digest>,
    /// The trees of development builds.
    pub(super) development: Vec<Digest>,
    /// Whether a record or a statement cannot be read, so that any tree and object may be needed.
    pub(super) unreadable: bool,
    /// The root files that cannot be read, so that any version may be needed.
    pub(super) damaged_roots: Vec<Damage>,
}

/// A version.
#[derive(Debug, Clone)]
pub(super) struct VersionHere {
    pub(super) release: Release,
    /// The trees that record and link lead to, or the verification where there is no record: one, except after a crash.
    pub(super) trees: Vec<Digest>,
    /// The statement, archives and evidence of record and verification.
    pub(super) objects: Vec<Digest>,
    /// The modification time of the verification.
    pub(super) last_use: Option<SystemTime>,
    /// The modification time of the record.
    pub(super) recorded: Option<SystemTime>,
    /// The source that the verification names.
    pub(super) source: Option<String>,
    /// The size of its trees and objects in bytes; 0 where it was not measured.
    pub(super) bytes: u64,
}

/// What keeps trees besides processes.
#[derive(Debug, Default)]
pub(super) struct GcRoots {
    pub(super) explicit: HashSet<Release>,
    pub(super) projects: BTreeSet<Digest>,
    pub(super) generations: BTreeSet<Digest>,
    /// The trees of explicit roots.
    pub(super) kept: BTreeSet<Digest>,
}

impl VersionHere {
    pub(super) fn product(&self) -> Product {
        self.release.product()
    }
}

impl Census {
    /// Whether something that may name any tree and object cannot be read.
    pub(super) fn hides_needs(&self) -> bool {
        self.unreadable || !self.damaged_roots.is_empty()
    }

    /// The trees that roots keep and no version names.
    fn trees_without_version(&self) -> BTreeSet<Digest> {
        let named = self.named();
        let GcRoots { projects, generations, kept, .. } = &self.roots;
        let rooted = [projects, generations, kept].into_iter().flatten();
        rooted.filter(|tree| !named.contains_key(tree)).copied().collect()
    }

    /// How many versions and development builds name each tree.
    pub(super) fn named(&self) -> BTreeMap<Digest, usize> {
        let mut named = BTreeMap::new();
        let of_versions = self.versions.iter().flat_map(|version| &version.trees);
        for tree in of_versions.chain(&self.development) {
            *named.entry(*tree).or_insert(0) += 1;
        }
        named
    }
}

impl Store {
    /// Reads all documents once; with `sizes`, the listings too. The collection lock must be held.
    pub(super) fn census(&self, now: SystemTime, sizes: bool) -> Result<Census, StoreError> {
        let mut census = Census { damaged_roots: self.damaged_roots()?, ..Census::default() };
        let survey = self.survey()?;
        // Something in the place of a folder of records hides what they name.
        census.unreadable = !survey.misplaced.is_empty();
        census.objects = survey.objects;
        if census.damaged_roots.is_empty() {
            census.roots = self.roots(now)?;
        }
        for product in self.products_in("roots/dev", "")? {
            let build = product.in_slot(Slot::Dev);
            let kept = undamaged(self.dev_trees(&build))?.unwrap_or_default();
            census.development.extend(kept.into_iter().map(|kept| kept.tree));
            census.development.extend(self.find(&build)?.map(|installed| installed.tree));
        }
        let recorded: HashSet<&Release> = survey.recorded.iter().collect();
        let mut versions =
            on_all_cores(&survey.recorded, |release| self.version_here(release, sizes))
                .into_iter()
                .collect::<Result<Vec<_>, _>>()?;
        census.unreadable |= versions.iter().any(|(_, readable)| !readable);
        let others: BTreeMap<_, _> =
            survey.verified.iter().chain(&survey.linked).map(|it| (it.to_string(), it)).collect();
        for release in others.into_values().filter(|release| !recorded.contains(release)) {
            // One that is damaged proves nothing, so it needs no evidence, and names nothing.
            let verification = self.verification(release).ok().flatten();
            let linked = self.find(release)?.map(|installed| installed.tree);
            let Some(tree) = verification.as_ref().map(|known| known.tree).or(linked) else {
                continue;
            };
            let (mut version, _) = self.version_here(release, sizes)?;
            if !version.trees.contains(&tree) {
                version.bytes += if sizes { self.tree_size(&tree)? } else { 0 };
                version.trees.push(tree);
            }
            versions.push((version, true));
        }
        census.versions.extend(versions.into_iter().map(|(version, _)| version));
        census.versions.sort_by(|a, b| order(&a.release).cmp(&order(&b.release)));
        Ok(census)
    }

    /// The statements, with their archives, of trees that are here for a root alone: the records of their versions are lost,
    /// and a repair makes them of the statements.
    pub(super) fn statements_of_lost_records(&self, census: &Census) -> BTreeSet<Digest> {
        let mut trees = census.trees_without_version();
        trees.retain(|tree| self.tree(tree).is_dir());
        if trees.is_empty() {
            return BTreeSet::new();
        }
        let mut found = BTreeSet::new();
        for digest in census.objects.iter().filter(|object| self.is_small_object(object)) {
            if let Ok(Some(statement)) = self.statement(digest)
                && trees.contains(&statement.tree)
            {
                found.insert(*digest);
                found.extend(statement.archives.iter().map(|archive| archive.digest));
            }
        }
        found
    }

    fn roots(&self, now: SystemTime) -> Result<GcRoots, StoreError> {
        let (explicit, kept) = self.kept_releases()?.into_iter().unzip();
        Ok(GcRoots {
            explicit,
            kept,
            projects: self.project_trees(now)?.into_iter().collect(),
            generations: self.generation_trees()?.into_iter().collect(),
        })
    }

    /// One version, and whether its record and statement can be read.
    fn version_here(
        &self,
        release: &Release,
        sizes: bool,
    ) -> Result<(VersionHere, bool), StoreError> {
        let mut readable = true;
        let record = usable(self.record(release), &mut readable)?;
        let verification = self.verification(release).ok().flatten();
        let mut trees: Vec<Digest> = Vec::new();
        if let Some(record) = &record {
            // A verification names the tree of its statement, which then need not be read and hashed.
            let known = verification.as_ref().filter(|known| known.statement == record.statement);
            trees.extend(match known {
                Some(known) => Some(known.tree),
                None => usable(self.statement(&record.statement), &mut readable)?
                    .filter(|statement| statement.release() == *release)
                    .map(|statement| statement.tree),
            });
        }
        // Whether the tree of the record is there does not matter, so that it is not looked for where the link leads to it.
        let leads_there = self.linked_tree(release).is_some_and(|tree| trees.contains(&tree));
        if !leads_there {
            trees.extend(self.find(release)?.map(|installed| installed.tree));
        }
        trees.sort_unstable();
        trees.dedup();
        let mut objects: Vec<Digest> = record.iter().flat_map(objects_of).collect();
        objects.extend(verification.iter().flat_map(|known| known.evidence.iter().copied()));
        if record.is_none() {
            // What a repair makes the record of.
            objects.extend(verification.as_ref().map(|known| known.statement));
            let receipt = self.receipt(release).ok().flatten();
            objects.extend(receipt.as_ref().and_then(|receipt| receipt.statement));
            objects.extend(receipt.and_then(|receipt| receipt.archive).map(|it| it.digest));
        }
        objects.sort_unstable();
        objects.dedup();
        let modified = |path: std::path::PathBuf| {
            fs::metadata(path).ok().and_then(|meta| meta.modified().ok())
        };
        let mut version = VersionHere {
            last_use: verification.as_ref().and_then(|_| self.last_use(release)),
            recorded: modified(self.record_path(release)),
            source: verification.and_then(|Verification { source, .. }| source),
            release: release.clone(),
            trees,
            objects,
            bytes: 0,
        };
        if sizes {
            version.bytes = self.size_of(&version)?;
        }
        Ok((version, readable))
    }

    /// The size of the trees and objects of a version in bytes.
    pub(super) fn size_of(&self, version: &VersionHere) -> Result<u64, StoreError> {
        let objects = version.objects.iter().map(|object| self.object_bytes_on_disk(object));
        let mut bytes = objects.sum();
        for tree in &version.trees {
            bytes += self.tree_size(tree)?;
        }
        Ok(bytes)
    }

    pub(super) fn object_bytes_on_disk(&self, object: &Digest) -> u64 {
        fs::metadata(self.object(object)).map_or(0, |meta| meta.len())
    }

    /// The size of a tree by its listing, and of the listing; measured where the listing cannot be read.
    pub(super) fn tree_size(&self, tree: &Digest) -> Result<u64, StoreError> {
        let files = match self.listing(tree) {
            Ok(Some(listing)) => {
                let sizes = listing.entries().iter().filter(|entry| entry.kind != EntryKind::Link);
                sizes.map(|entry| entry.size).sum()
            }
            _ => size(&self.tree(tree))?,
        };
        Ok(files + self.object_bytes_on_disk(tree))
    }
}

/// A document, if it can be used. `readable` becomes false where it is there and cannot.
fn usable<T>(
    read: Result<Option<T>, StoreError>,
    readable: &mut bool,
) -> Result<Option<T>, StoreError> {
    let read = undamaged(read)?;
    *readable &= read.is_some();
    Ok(read.flatten())
}
