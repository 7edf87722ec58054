//! Fingerprints of trees whose files were linked or unlinked: that changes the time of the last change of an inode, and so of
//! all trees that share it, but no byte.

use std::{collections::BTreeSet, fs, path::Path};

use loom_source::Digest;

use crate::store::{Store, StoreError, TreeListing, list::names};

/// Trees whose fingerprints were right before something was linked or unlinked.
#[derive(Debug, Default)]
pub(in crate::store) struct FingerprintsBefore(Vec<(Digest, TreeListing, String)>);

impl Store {
    /// The fingerprints of these trees, and of all that share files with them, as far as they are right now.
    pub(in crate::store) fn fingerprints_of(
        &self,
        trees: impl Iterator<Item = Digest>,
    ) -> Result<FingerprintsBefore, StoreError> {
        let trees: BTreeSet<Digest> = trees.collect();
        let inodes: BTreeSet<u64> = trees
            .iter()
            .filter_map(|tree| self.listing(tree).ok().flatten().map(|listing| (tree, listing)))
            .flat_map(|(tree, listing)| shared_inodes(&self.tree(tree), &listing))
            .collect();
        let mut all = self.trees_with(&inodes)?;
        all.extend(trees);
        Ok(self.right_now(all))
    }

    /// The fingerprints of other trees that share files with the tree in `folder`, which is going to be deleted.
    pub(in crate::store) fn fingerprints_beside(
        &self,
        tree: &Digest,
        folder: &Path,
    ) -> (FingerprintsBefore, BTreeSet<u64>) {
        let Some(listing) = self.listing(tree).ok().flatten() else { return Default::default() };
        let inodes: BTreeSet<u64> = shared_inodes(folder, &listing).into_iter().collect();
        if inodes.is_empty() {
            return Default::default();
        }
        let mut trees = self.trees_with(&inodes).unwrap_or_default();
        trees.remove(tree);
        (self.right_now(trees), inodes)
    }

    /// The fingerprints of the trees that have files with these inodes.
    pub(in crate::store) fn fingerprints_with(
        &self,
        inodes: &BTreeSet<u64>,
    ) -> Result<FingerprintsBefore, StoreError> {
        Ok(self.right_now(self.trees_with(inodes)?))
    }

    fn right_now(&self, trees: BTreeSet<Digest>) -> FingerprintsBefore {
        let right = trees.into_iter().filter_map(|tree| {
            let listing = self.listing(&tree).ok().flatten()?;
            let text = self.fingerprint(&tree, &listing)?.text;
            self.is_recorded(&tree, &text).then_some((tree, listing, text))
        });
        FingerprintsBefore(right.collect())
    }

    /// Writes the fingerprints again in which only files of `touched` inodes have changed. The others stay wrong, so that
    /// their trees are hashed again.
    pub(in crate::store) fn renew_fingerprints(
        &self,
        before: FingerprintsBefore,
        touched: &BTreeSet<u64>,
    ) {
        for (tree, listing, old) in before.0 {
            let Some(now) = self.fingerprint(&tree, &listing) else { continue };
            let lines = old.lines().zip(now.text.lines());
            let is_ours = |(old, new): (&str, &str)| old == new || is_touched(old, new, touched);
            if now.text != old && lines.into_iter().all(is_ours) {
                self.keep_fingerprint(&tree, &now.text);
            }
        }
    }

    /// The trees whose fingerprints name one of these inodes.
    fn trees_with(&self, inodes: &BTreeSet<u64>) -> Result<BTreeSet<Digest>, StoreError> {
        let mut found = BTreeSet::new();
        if inodes.is_empty() {
            return Ok(found);
        }
        for (name, path) in names(&self.root().join("fingerprints"), false)? {
            let Ok(tree) = name.parse::<Digest>() else { continue };
            let text = fs::read_to_string(&path).unwrap_or_default();
            let names = |line: &str| inode_of_line(line).is_some_and(|it| inodes.contains(&it));
            if text.lines().any(names) {
                found.insert(tree);
            }
        }
        Ok(found)
    }
}

/// The inodes of a tree that have more than one name.
fn shared_inodes(folder: &Path, listing: &TreeListing) -> Vec<u64> {
    let shared = listing.entries().iter().filter_map(|entry| {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let meta = fs::symlink_metadata(folder.join(entry.path.as_str())).ok()?;
            (meta.is_file() && meta.nlink() > 1).then(|| meta.ino())
        }
        #[cfg(not(unix))]
        {
            let _ = (folder, entry);
            None
        }
    });
    shared.collect()
}

/// `size mtime ctime inode path`
fn inode_of_line(line: &str) -> Option<u64> {
    line.splitn(5, ' ').nth(3)?.parse().ok()
}

/// Whether only the times and the inode of a line have changed, and the inode is one that was linked.
fn is_touched(old: &str, new: &str, touched: &BTreeSet<u64>) -> bool {
    let parts = |line: &str| -> Option<(String, String)> {
        let mut parts = line.splitn(5, ' ');
        Some((parts.next()?.to_owned(), parts.nth(3)?.to_owned()))
    };
    parts(old).is_some_and(|old| Some(old) == parts(new))
        && inode_of_line(new).is_some_and(|inode| touched.contains(&inode))
}
