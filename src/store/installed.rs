//! What is installed, found by reading one link.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use loom_source::{Digest, Record, Release, Slot, Statement};

use super::{
    Store, StoreError, TreePath,
    error::{Act, absent, at},
};

/// A release that is here and has its link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The release.
    pub release: Release,
    /// Its tree.
    pub tree: Digest,
    /// The program's real path, inside the tree.
    pub entry: PathBuf,
    /// The link that people use, absolute and unresolved.
    pub link: PathBuf,
}

impl Store {
    /// What stands in the release's slot: one link is read, and one look is taken at where it leads.
    ///
    /// A dangling link, and one that leads anywhere but into `store/`, reads as absent.
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
            // Not a link: where links are impossible a copy stands there, and the record tells of what.
            Err(e) if e.kind() == ErrorKind::InvalidInput => return self.find_by_record(release),
            Err(_) if cfg!(windows) => return self.find_by_record(release),
            Err(e) => return Err(at(Act::Read, &link)(e)),
        };
        let Some((tree, entry)) = parse_target(release, &target) else { return Ok(None) };
        self.present(release, tree, &entry)
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
        let meta =
            absent(fs::metadata(&installed.entry)).map_err(at(Act::Read, &installed.entry))?;
        Ok(meta.filter(fs::Metadata::is_file).map(|_| installed))
    }

    fn find_by_record(&self, release: &Release) -> Result<Option<Installed>, StoreError> {
        match self.pointed(release)? {
            Some((tree, entry)) => self.present(release, tree, &entry),
            None => Ok(None),
        }
    }

    /// What the record, or for a development build its root, says of a release, whether the tree is there or not.
    pub(super) fn pointed(
        &self,
        release: &Release,
    ) -> Result<Option<(Digest, TreePath)>, StoreError> {
        if release.slot == Slot::Dev {
            return Ok(self.dev_trees(release)?.into_iter().next());
        }
        let Some(record) = self.record(release)? else { return Ok(None) };
        let Some(statement) = self.statement(&record.statement)? else { return Ok(None) };
        if statement.release() != *release {
            return Ok(None);
        }
        Ok(statement.entry.parse().ok().map(|entry| (statement.tree, entry)))
    }

    /// The record of a release, or `None`.
    pub fn record(&self, release: &Release) -> Result<Option<Record>, StoreError> {
        let path = self.record_path(release);
        let Some(bytes) = absent(fs::read(&path)).map_err(at(Act::Read, &path))? else {
            return Ok(None);
        };
        let document = |source| StoreError::Document { path, source };
        Record::parse(&bytes).map(Some).map_err(document)
    }

    /// A statement, or `None` where the object is missing; one that is not what its digest says is damage.
    pub fn statement(&self, digest: &Digest) -> Result<Option<Statement>, StoreError> {
        let path = self.object(digest);
        let Some(bytes) = absent(fs::read(&path)).map_err(at(Act::Read, &path))? else {
            return Ok(None);
        };
        if Digest::of(&bytes) != *digest {
            return Err(StoreError::Damaged { path, what: "its bytes have another digest".into() });
        }
        let document = |source| StoreError::Document { path, source };
        Statement::parse(&bytes).map(Some).map_err(document)
    }
}

fn parse_target(release: &Release, target: &Path) -> Option<(Digest, TreePath)> {
    let inside = target.to_str()?.strip_prefix(Store::link_up(release))?.strip_prefix("store/")?;
    let (tree, entry) = inside.split_once('/')?;
    Some((tree.parse().ok()?, entry.parse().ok()?))
}
