//! The roots of projects: a tree that a project used stays for 90 days, whether the project is still there or not. Its
//! folder may be on a disk that is not mounted, or in a container that shares the store.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use loom_source::{Digest, Release};

use super::root_text::{MendedRoot, lines, mend, text};
use crate::store::{
    Installed, Store, StoreError,
    durable::replace,
    error::{FileAction, absent, at},
    last_use::REFRESH,
    list::names,
};

const HEADER: &str = "loom-project 1";

/// How long the root of a project keeps its trees after their last use.
pub const PROJECT_ROOT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The number of products of a project whose trees are kept: those that were used last.
const MAX_PRODUCTS: usize = 32;

impl Store {
    /// Notes that the project in `folder` uses a tree, unless that was noted in the last hour. With `changed`, the
    /// tree may be another one than before, and the file is read.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn keep_for_project(
        &self,
        folder: &Path,
        installed: &Installed,
        changed: bool,
    ) -> Result<(), StoreError> {
        let path = self.project_root_path(folder);
        let fresh = is_fresh(&path);
        if fresh && !changed {
            return Ok(());
        }
        let product = product_line(&installed.release);
        let mut kept = Self::project_lines(&path)?;
        let new = (installed.tree, product);
        if fresh && kept.contains(&new) {
            return Ok(());
        }
        self.prepare()?;
        kept.retain(|(_, of)| *of != new.1);
        kept.insert(0, new);
        // Half of a root after a loss of power would be damage.
        replace(&self.root, &self.tmp(), &path, &to_bytes(kept))
    }

    /// The root of a project. The file has the digest of its folder as its name: the store says nothing of who has
    /// which project.
    fn project_root_path(&self, folder: &Path) -> PathBuf {
        let name = Digest::of(folder.as_os_str().as_encoded_bytes());
        self.root.join(format!("roots/projects/{name}"))
    }

    /// The trees that projects used in the last 90 days.
    pub(in crate::store) fn project_trees(
        &self,
        now: SystemTime,
    ) -> Result<Vec<Digest>, StoreError> {
        let mut trees = Vec::new();
        for (_, path) in names(&self.root.join("roots/projects"), false)? {
            if !is_over(&path, now) {
                trees.extend(Self::project_lines(&path)?.into_iter().map(|(tree, _)| tree));
            }
        }
        Ok(trees)
    }

    /// The trees of one project, each with its product.
    pub(super) fn project_lines(path: &Path) -> Result<Vec<(Digest, String)>, StoreError> {
        lines(path, HEADER, parse)
    }

    /// The root of a project with the lines of a damaged one that can be read.
    pub(super) fn mended_project(bytes: &[u8]) -> Option<MendedRoot> {
        mend(bytes, parse, to_bytes)
    }

    /// Removes the roots of projects that have used nothing for 90 days.
    pub(in crate::store) fn remove_old_projects(&self, now: SystemTime) -> Result<(), StoreError> {
        for (name, path) in names(&self.root.join("roots/projects"), false)? {
            if name.parse::<Digest>().is_ok() && is_over(&path, now) {
                absent(fs::remove_file(&path)).map_err(at(FileAction::Remove, &path))?;
            }
        }
        Ok(())
    }
}

fn parse(line: &str) -> Option<(Digest, String)> {
    let (tree, product) = line.split_once(' ')?;
    Some((tree.parse().ok()?, product.to_owned()))
}

fn to_bytes(mut kept: Vec<(Digest, String)>) -> Vec<u8> {
    kept.truncate(MAX_PRODUCTS);
    text(HEADER, kept.into_iter().map(|(tree, product)| format!("{tree} {product}")))
}

fn product_line(release: &Release) -> String {
    let Release { authority, binary, platform, .. } = release;
    format!("{authority}/{binary}/{platform}")
}

fn is_fresh(path: &Path) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|meta| meta.modified());
    changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < REFRESH))
}

/// Whether a root has ended. One with a time in the future has not: the clock may have been set back.
fn is_over(path: &Path, now: SystemTime) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|meta| meta.modified());
    changed.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age >= PROJECT_ROOT))
}
