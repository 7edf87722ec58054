//! The paths of files below the root. Every component comes from a type that refuses what a path must not hold.

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

    /// The path of an object.
    pub fn object(&self, digest: &Digest) -> PathBuf {
        self.root.join(object_path(digest))
    }

    /// The folder with the files of a tree.
    pub fn tree(&self, digest: &Digest) -> PathBuf {
        self.root.join(tree_path(digest))
    }

    pub(super) fn trees(&self) -> PathBuf {
        self.root.join("store")
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// The path of a release's record.
    pub(super) fn record_path(&self, release: &Release) -> PathBuf {
        self.root.join(Record::path(release))
    }

    /// The path of a release's verification.
    pub fn verification_path(&self, release: &Release) -> PathBuf {
        let Release { authority, binary, slot, platform } = release;
        self.root.join(format!("verifications/{authority}/{binary}/{slot}/{platform}.json"))
    }

    pub(super) fn receipt_path(&self, release: &Release) -> PathBuf {
        let Release { authority, binary, slot, platform } = release;
        self.root.join(format!("receipts/{authority}/{binary}/{slot}/{platform}.json"))
    }

    /// The root that keeps the last development trees of a product.
    pub(super) fn dev_root_path(&self, release: &Release) -> PathBuf {
        let Release { authority, binary, platform, .. } = release;
        self.root.join(format!("roots/dev/{authority}/{binary}/{platform}"))
    }

    /// The path of a release's link, whether the release is here or not.
    pub fn link_path(&self, release: &Release) -> PathBuf {
        self.slot_path(release, &release.slot.to_string())
    }

    /// The path of the `latest` link of the release's product.
    pub fn latest_path(&self, release: &Release) -> PathBuf {
        self.slot_path(release, "latest")
    }

    /// The path of the link to the release's program in the folder `slot`.
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

    /// The relative path from a link's folder to the root.
    pub(super) fn link_up(release: &Release) -> &'static str {
        if release.authority == Authority::default() { "../../../" } else { "../../../../" }
    }
}
