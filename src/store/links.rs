//! The links in `bin/`, which can be made again at any time.

use std::path::Path;

use loom_source::Release;

use super::{
    Installed, Store, StoreError, TreePath, TreeRef,
    durable::{Barrier, create_folders, temporary_in},
    error::{FileAction, at},
    own_place::refuse_link,
};
use loom_source::Digest;

impl Store {
    /// Points a release's link to its program: makes a temporary link, then renames it over the old one.
    pub(super) fn point(
        &self,
        release: &Release,
        tree: &Digest,
        entry: &TreePath,
        barrier: &mut Barrier,
    ) -> Result<Installed, StoreError> {
        let link = self.link_path(release);
        self.make_link(&link, release, tree, entry, barrier)?;
        Ok(self.installed(release, *tree, entry))
    }

    /// Points `bin/latest/…` to an installed release. The link is for users and scripts; no command reads it.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the link cannot be written.
    pub fn link_latest(&self, installed: &Installed) -> Result<(), StoreError> {
        self.prepare()?;
        let release = &installed.release;
        let link = self.slot_path(release, "latest");
        let Some(TreeRef { tree, entry }) = self.tree_of(installed) else { return Ok(()) };
        self.make_link(&link, release, &tree, &entry, &mut Barrier::default())
    }

    /// Whether `bin/latest/…` leads to this installed release.
    pub fn is_latest(&self, installed: &Installed) -> bool {
        let link = self.slot_path(&installed.release, "latest");
        std::fs::canonicalize(link).is_ok_and(|path| {
            std::fs::canonicalize(&installed.entry).is_ok_and(|entry| entry == path)
        })
    }

    fn make_link(
        &self,
        link: &Path,
        release: &Release,
        tree: &Digest,
        entry: &TreePath,
        barrier: &mut Barrier,
    ) -> Result<(), StoreError> {
        let folder = link.parent().unwrap_or(link);
        self.refuse_links_to(link)?;
        refuse_link(&self.tmp())?;
        create_folders(folder, barrier)?;
        let target = format!("{}store/{tree}/{entry}", Self::link_up(release));
        let program = self.tree(tree).join(entry.as_str());
        let make = |path: &Path| symlink_or_copy(&target, &program, path);
        let temporary = temporary_in(&self.tmp(), make).map_err(at(FileAction::Link, link))?;
        let temporary = temporary.into_temp_path();
        temporary.persist(link).map_err(|e| at(FileAction::Rename, link)(e.error))?;
        barrier.add(folder);
        Ok(())
    }
}

/// Where symbolic links are impossible, a hard link or a copy replaces the link; the record and the
/// statement then name the tree.
fn symlink_or_copy(target: &str, program: &Path, path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    match std::os::unix::fs::symlink(target, path) {
        Err(e) if cannot_link(&e) => {}
        result => return result,
    }
    let _ = target;
    std::fs::hard_link(program, path).or_else(|_| std::fs::copy(program, path).map(drop))
}

/// Whether the file system has no symbolic links: exFAT, some network file systems.
#[cfg(unix)]
pub(super) fn cannot_link(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, Unsupported};
    matches!(error.kind(), Unsupported | PermissionDenied)
}
