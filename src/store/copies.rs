//! Finds copies of files in the trees of this store, by their digests.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::{Path, PathBuf},
};

use loom_base::bounded_file::RegularFile;
use loom_source::Digest;

use super::{EntryKind, Store, StoreError, TreeListing, staged::measure};

/// Files that have these digests, as far as the listings of their trees say. Their bytes may be damaged.
#[derive(Debug, Default)]
pub(super) struct Copies(BTreeMap<Digest, Vec<PathBuf>>);

impl Store {
    /// Looks for copies of the files of a listing: in the tree itself, in other trees, and in damaged ones.
    pub(super) fn copies_of(
        &self,
        tree: &Digest,
        listing: &TreeListing,
    ) -> Result<Copies, StoreError> {
        let wanted: BTreeSet<Digest> = listing.entries().iter().map(|entry| entry.digest).collect();
        let mut copies = Copies::default();
        copies.add(&self.tree(tree), listing, &wanted);
        for other in self.trees_here()? {
            // A tree whose listing is missing or damaged has no copies that are known.
            if let (true, Ok(Some(listing))) = (other != *tree, self.listing(&other)) {
                copies.add(&self.tree(&other), &listing, &wanted);
            }
        }
        for (other, folders) in self.damaged()? {
            let known = if other == *tree { Some(listing.clone()) } else { None };
            let listed = known.or_else(|| self.listing(&other).ok().flatten());
            for (folder, listing) in folders.values().zip(std::iter::repeat(listed)) {
                listing.iter().for_each(|listing| copies.add(folder, listing, &wanted));
            }
        }
        Ok(copies)
    }
}

impl Copies {
    fn add(&mut self, folder: &Path, listing: &TreeListing, wanted: &BTreeSet<Digest>) {
        for entry in listing.entries() {
            let path = || folder.join(entry.path.as_str());
            if entry.kind != EntryKind::Link && wanted.contains(&entry.digest) {
                self.0.entry(entry.digest).or_default().push(path());
            }
        }
    }

    /// The first file that really has this digest, opened. Every byte of it was read.
    pub(super) fn find(&self, digest: &Digest) -> Option<File> {
        self.0.get(digest)?.iter().find_map(|path| {
            // A link is no copy. A FIFO in the place of the file is not waited for.
            let is_file = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
            let open = || RegularFile::open(path).ok().map(RegularFile::into_file);
            let mut file = open().filter(|_| is_file)?;
            (measure(&mut file).ok()?.digest == *digest).then(open)?
        })
    }
}
