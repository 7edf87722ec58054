//! The roots that a user sets: `loom store keep`. Such a version is not collected until the root is removed.

use std::{fs, path::PathBuf};

use loom_source::{Digest, Release};

use super::root_text::{lines, text};
use crate::store::{Installed, Store, StoreError, durable};

const HEADER: &str = "loom-keep 1";

impl Store {
    /// Keeps an installed release until [`release_kept`](Self::release_kept) is called.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn keep_release(&self, installed: &Installed) -> Result<(), StoreError> {
        self.prepare()?;
        let to = self.explicit_root_path(&installed.release);
        let bytes = text(HEADER, [installed.tree.to_string()]);
        durable::replace(&self.root, &self.tmp(), &to, &bytes)
    }

    /// No longer keeps a release; returns whether it was kept.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the root cannot be removed.
    pub fn release_kept(&self, release: &Release) -> Result<bool, StoreError> {
        let path = self.explicit_root_path(release);
        let here = self.is_kept(release);
        self.remove_own(&path)?;
        Ok(here)
    }

    /// The releases that users keep, each with its tree.
    ///
    /// # Errors
    /// [`StoreError::Io`] where a root cannot be read.
    pub fn kept_releases(&self) -> Result<Vec<(Release, Digest)>, StoreError> {
        let mut kept = Vec::new();
        for release in self.releases_in("roots/kept", "")? {
            kept.extend(self.kept_tree(&release)?.map(|tree| (release, tree)));
        }
        Ok(kept)
    }

    /// Whether a user keeps a release.
    pub fn is_kept(&self, release: &Release) -> bool {
        fs::symlink_metadata(self.explicit_root_path(release)).is_ok()
    }

    /// The tree that a user keeps of a release; `None` where the release is not kept, or its root cannot be read.
    pub fn kept_as(&self, release: &Release) -> Option<Digest> {
        self.kept_tree(release).ok().flatten()
    }

    /// The tree of the root of a release.
    pub(super) fn kept_tree(&self, release: &Release) -> Result<Option<Digest>, StoreError> {
        let path = self.explicit_root_path(release);
        let trees = lines(&path, HEADER, |line| line.parse().ok())?;
        match trees[..] {
            [] if self.is_kept(release) => {
                Err(StoreError::Damaged { path, what: "it names no tree".to_owned() })
            }
            [] => Ok(None),
            [tree, ..] => Ok(Some(tree)),
        }
    }

    pub(in crate::store) fn explicit_root_path(&self, release: &Release) -> PathBuf {
        let Release { authority, binary, slot, platform } = release;
        self.root.join(format!("roots/kept/{authority}/{binary}/{slot}/{platform}"))
    }
}
