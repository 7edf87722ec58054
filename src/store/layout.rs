//! Where things lie below the root. Every component comes from a newtype that refuses what no path may hold.

use std::path::{Path, PathBuf};

use loom_source::{
    Authority, Digest, Record, Release,
    record::{object_path, tree_path},
};

use super::Store;

impl Store {
    /// The root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where an object lies.
    pub fn object(&self, digest: &Digest) -> PathBuf {
        self.root.join(object_path(digest))
    }

    /// Where a tree's files lie.
    pub fn tree(&self, digest: &Digest) -> PathBuf {
        self.root.join(tree_path(digest))
    }

    pub(super) fn trees(&self) -> PathBuf {
        self.root.join("store")
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Where a release's record lies.
    pub(super) fn record_path(&self, release: &Release) -> PathBuf {
        self.root.join(Record::path(release))
    }

    pub(super) fn receipt_path(&self, release: &Release) -> PathBuf {
        let Release { authority, binary, slot, platform } = release;
        self.root.join(format!("receipts/{authority}/{binary}/{slot}/{platform}.json"))
    }

    pub(super) fn fingerprint_path(&self, tree: &Digest) -> PathBuf {
        self.root.join(format!("fingerprints/{tree}"))
    }

    /// The root that keeps the last development trees of a line.
    pub(super) fn dev_root_path(&self, release: &Release) -> PathBuf {
        let Release { authority, binary, platform, .. } = release;
        self.root.join(format!("roots/dev/{authority}/{binary}/{platform}"))
    }

    /// Where the release has its link, whether it is here or not.
    pub fn link_path(&self, release: &Release) -> PathBuf {
        self.slot_path(release, &release.slot.to_string())
    }

    /// Where people find the program of `release`'s line that is the latest.
    pub fn latest_path(&self, release: &Release) -> PathBuf {
        self.slot_path(release, "latest")
    }

    /// The link of `release`'s program in the folder `slot`.
    pub(super) fn slot_path(&self, release: &Release, slot: &str) -> PathBuf {
        let mut path = self.root.join("bin");
        if release.authority != Authority::default() {
            path.push(format!("@{}", release.authority));
        }
        path.push(slot);
        path.push(release.platform.as_str());
        path.push(release.executable());
        path
    }

    /// What leads from a link's folder to the root.
    pub(super) fn link_up(release: &Release) -> &'static str {
        if release.authority == Authority::default() { "../../../" } else { "../../../../" }
    }
}
