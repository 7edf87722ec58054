//! Installed releases, found by reading one link.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use loom_source::{Digest, Record, Release, Slot, Statement};

use super::{
    Store, StoreError, TreePath,
    document_file::read_document,
    error::{FileAction, absent, at, undamaged},
};

/// A release that is here and has a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The release.
    pub release: Release,
    /// The digest of its tree.
    pub tree: Digest,
    /// The real path of the program, inside the tree.
    pub entry: PathBuf,
    /// The path of the link, absolute and unresolved.
    pub link: PathBuf,
}

/// A tree and the program in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeRef {
    /// The digest of the tree.
    pub tree: Digest,
    /// The path of the program inside the tree.
    pub entry: TreePath,
}

impl Store {
    /// Finds a release: reads its link, and looks whether the program that it leads to exists.
    ///
    /// A dangling link, a link that leads anywhere but into `store/`, and one to a tree that is being deleted count as
    /// absent.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the link cannot be read.
    pub fn find(&self, release: &Release) -> Result<Option<Installed>, StoreError> {
        if !self.exists() {
            return Ok(None);
        }
        let link = self.link_path(release);
        let target = match fs::read_link(&link) {
            Ok(target) => target,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            // Not a link: where links are impossible a copy has this path, and the record names the tree.
            Err(e) if e.kind() == ErrorKind::InvalidInput => {
                // Anything else in the place of a link is damage, and leads nowhere.
                let is_copy = fs::symlink_metadata(&link).is_ok_and(|meta| meta.is_file());
                return if is_copy { self.find_by_record(release) } else { Ok(None) };
            }
            Err(_) if cfg!(windows) => return self.find_by_record(release),
            Err(e) => return Err(at(FileAction::Read, &link)(e)),
        };
        let Some((tree, entry)) = parse_target(release, &target) else { return Ok(None) };
        self.present(release, tree, &entry)
    }

    /// The tree into which the link of a release leads, whether it is there or not.
    pub(super) fn linked_tree(&self, release: &Release) -> Option<Digest> {
        let target = fs::read_link(self.link_path(release)).ok()?;
        parse_target(release, &target).map(|(tree, _)| tree)
    }

    /// Whether the link of a release is there and does not lead into a tree.
    pub(super) fn leads_elsewhere(&self, release: &Release) -> bool {
        let target = fs::read_link(self.link_path(release));
        target.is_ok_and(|target| parse_target(release, &target).is_none())
    }

    pub(super) fn installed(&self, release: &Release, tree: Digest, entry: &TreePath) -> Installed {
        let (link, release) = (self.link_path(release), release.clone());
        Installed { release, tree, entry: self.tree(&tree).join(entry.as_str()), link }
    }

    fn present(
        &self,
        release: &Release,
        tree: Digest,
        entry: &TreePath,
    ) -> Result<Option<Installed>, StoreError> {
        let installed = self.installed(release, tree, entry);
        let meta = absent(fs::metadata(&installed.entry))
            .map_err(at(FileAction::Read, &installed.entry))?;
        Ok(meta.filter(|meta| meta.is_file() && !self.is_marked(&tree)).map(|_| installed))
    }

    fn find_by_record(&self, release: &Release) -> Result<Option<Installed>, StoreError> {
        // A damaged record leads nowhere.
        match undamaged(self.recorded_tree(release))?.flatten() {
            Some(TreeRef { tree, entry }) => self.present(release, tree, &entry),
            None => Ok(None),
        }
    }

    /// The tree that the record of a release names (for a development build: its root). The tree may be missing.
    ///
    /// # Errors
    /// [`StoreError::Document`] or [`StoreError::Damaged`] for a record or statement that cannot be used.
    pub fn recorded_tree(&self, release: &Release) -> Result<Option<TreeRef>, StoreError> {
        if release.slot == Slot::Dev {
            return Ok(self.dev_trees(release)?.into_iter().next());
        }
        let Some(record) = self.record(release)? else { return Ok(None) };
        let Some(statement) = self.statement(&record.statement)? else { return Ok(None) };
        if statement.release() != *release {
            return Ok(None);
        }
        let tree = statement.tree;
        Ok(statement.entry.parse().ok().map(|entry| TreeRef { tree, entry }))
    }

    /// The record of a release; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Document`] for a record that cannot be used, [`StoreError::Io`] for one that cannot be read.
    pub fn record(&self, release: &Release) -> Result<Option<Record>, StoreError> {
        let path = self.record_path(release);
        let Some(bytes) = read_document(&path)? else {
            return Ok(None);
        };
        let document = |source| StoreError::Document { path, source };
        Record::parse(&bytes).map(Some).map_err(document)
    }

    /// The statement with this digest; `None` where the object is missing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for an object whose bytes have another digest, [`StoreError::Document`] for one that
    /// is not a usable statement.
    pub fn statement(&self, digest: &Digest) -> Result<Option<Statement>, StoreError> {
        let Some(bytes) = self.object_bytes(digest)? else { return Ok(None) };
        let path = self.object(digest);
        let document = |source| StoreError::Document { path, source };
        Statement::parse(&bytes).map(Some).map_err(document)
    }

    /// The bytes of a small object; `None` where it is missing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for an object whose bytes have another digest.
    pub(super) fn object_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.object(digest);
        let bytes = read_document(&path)?;
        match bytes {
            Some(bytes) if Digest::of(&bytes) != *digest => {
                Err(StoreError::Damaged { path, what: "its bytes have another digest".into() })
            }
            bytes => Ok(bytes),
        }
    }
}

/// Reads the target of a link; `None` for one that does not lead into a tree.
fn parse_target(release: &Release, target: &Path) -> Option<(Digest, TreePath)> {
    let inside = target.to_str()?.strip_prefix(Store::link_up(release))?.strip_prefix("store/")?;
    let (tree, entry) = inside.split_once('/')?;
    Some((tree.parse().ok()?, entry.parse().ok()?))
}
