//! The roots of projects: a tree that a project used stays for 90 days, whether the project is still there or not. Its
//! folder may be on a disk that is not mounted, or in a container that shares the store.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use loom_base::time::{format_rfc3339, parse_rfc3339};
use loom_source::{Digest, Product};

use super::root_text::{MendedRoot, lines, mend, text};
use crate::store::{
    Store, StoreError,
    durable::replace,
    error::{FileAction, absent, at},
    last_use::REFRESH,
    list::names,
};

const HEADER: &str = "loom-project 1";

/// How long the root of a project keeps its trees after their last use.
pub const PROJECT_ROOT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The number of trees of a project that are kept: those that were used last.
const MAX_TREES: usize = 32;

/// A tree that a project used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProjectTree {
    pub(super) tree: Digest,
    product: String,
    /// The time of the last use; `None` in a file of an earlier version, where it is that of the file.
    used: Option<SystemTime>,
}

impl Store {
    /// Notes that the project in `folder` uses a tree of a product, unless that was noted in the last hour. Each tree has a
    /// time of its own: one that another project used in this hour, too, is noted at once.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be written.
    pub fn keep_for_project(
        &self,
        folder: &Path,
        product: &Product,
        tree: Digest,
    ) -> Result<(), StoreError> {
        let path = self.project_root_path(folder);
        let now = SystemTime::now();
        let mut kept = Self::project_lines(&path)?;
        let new = ProjectTree { tree, product: product_text(product), used: Some(now) };
        let is_it = |it: &ProjectTree| it.tree == tree && it.product == new.product;
        if kept.iter().any(|it| is_it(it) && it.age(&path, now).is_some_and(|age| age < REFRESH)) {
            return Ok(());
        }
        self.prepare()?;
        let changed = changed_at(&path);
        kept.retain(|it| !is_it(it) && !it.is_over(&path, now));
        kept.iter_mut().for_each(|it| it.used = it.used.or(changed));
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
                let lines = Self::project_lines(&path)?.into_iter();
                trees.extend(lines.filter(|it| !it.is_over(&path, now)).map(|it| it.tree));
            }
        }
        Ok(trees)
    }

    /// The trees of one project.
    pub(super) fn project_lines(path: &Path) -> Result<Vec<ProjectTree>, StoreError> {
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

impl ProjectTree {
    /// How long ago it was used by the root in `path`; `None` where that is in the future.
    fn age(&self, path: &Path, now: SystemTime) -> Option<Duration> {
        now.duration_since(self.used.or_else(|| changed_at(path))?).ok()
    }

    fn is_over(&self, path: &Path, now: SystemTime) -> bool {
        self.age(path, now).is_some_and(|age| age >= PROJECT_ROOT)
    }
}

fn parse(line: &str) -> Option<ProjectTree> {
    let (tree, rest) = line.split_once(' ')?;
    let (product, used) = match rest.split_once(' ') {
        Some((product, time)) => (product, Some(parse_rfc3339(time)?)),
        None => (rest, None),
    };
    Some(ProjectTree { tree: tree.parse().ok()?, product: product.to_owned(), used })
}

fn to_bytes(mut kept: Vec<ProjectTree>) -> Vec<u8> {
    kept.truncate(MAX_TREES);
    let line = |ProjectTree { tree, product, used }: ProjectTree| {
        let time = used.map(|used| format!(" {}", format_rfc3339(used))).unwrap_or_default();
        format!("{tree} {product}{time}")
    };
    text(HEADER, kept.into_iter().map(line))
}

fn product_text(product: &Product) -> String {
    let Product { authority, binary, platform } = product;
    format!("{authority}/{binary}/{platform}")
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    fs::symlink_metadata(path).and_then(|meta| meta.modified()).ok()
}

/// Whether a root has ended. One with a time in the future has not: the clock may have been set back.
fn is_over(path: &Path, now: SystemTime) -> bool {
    changed_at(path).is_some_and(|at| now.duration_since(at).is_ok_and(|age| age >= PROJECT_ROOT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_trees_that_a_project_used_in_the_last_90_days_are_kept() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(&home.path().join("cache")).unwrap();
        let folder = Path::new("/srv/ada");
        let [old, first, second] = [b"old", b"one", b"two"].map(|bytes| Digest::of(bytes));
        let product = crate::store::tests::release("0.1.0").product();
        let path = store.project_root_path(folder);
        let now = SystemTime::now();
        let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        store.prepare().unwrap();
        // A file of an earlier version has no times; one line of this file is over.
        let time = format_rfc3339(now - days(91));
        let text = format!("{HEADER}\n{first} {0}\n{old} {0} {time}\n", product_text(&product));
        replace(&store.root, &store.tmp(), &path, text.as_bytes()).unwrap();
        assert_eq!(store.project_trees(now).unwrap(), [first]);
        store.keep_for_project(folder, &product, second).unwrap();
        assert_eq!(store.project_trees(now).unwrap(), [second, first]);
        let kept = Store::project_lines(&path).unwrap();
        assert!(kept.len() == 2 && kept.iter().all(|it| it.used.is_some()), "{kept:?}");
        // What was noted in the last hour is not written again.
        let before = fs::read(&path).unwrap();
        store.keep_for_project(folder, &product, first).unwrap();
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(store.project_trees(now + days(91)).unwrap(), []);
    }
}
