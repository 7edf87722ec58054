//! [`ImageReindex`]: makes the index of a registry from its images.

use async_trait::async_trait;
use loom_oci::ImagePublisher;
use loom_source::{
    Authority, Digest, Name, Product, Release, Statement,
    record::{IndexEntry, IndexPayload},
};

use super::{MirrorTaskError, index_writer::IndexChange, reindex::withdrawn};

/// Makes the index of a registry from the statements of its images. What is withdrawn stays withdrawn, and what the index
/// names of other binaries stays as it is.
#[derive(Debug)]
pub struct ImageReindex<'a> {
    publisher: &'a ImagePublisher,
    /// The authority of images that do not say it.
    authority: &'a Authority,
    binary: &'a Name,
    /// The releases, once the images were read.
    releases: Option<Vec<IndexEntry>>,
    /// The releases whose images have no statement: they are left out.
    pub incomplete: Vec<Release>,
}

impl<'a> ImageReindex<'a> {
    /// The index of the images of a binary.
    pub fn of(
        publisher: &'a ImagePublisher,
        (authority, binary): (&'a Authority, &'a Name),
    ) -> Self {
        Self { publisher, authority, binary, releases: None, incomplete: Vec::new() }
    }

    /// The entries of the new index.
    fn entries(&self, releases: Vec<IndexEntry>, current: &IndexPayload) -> Vec<IndexEntry> {
        let others = current.releases.iter().filter(|entry| entry.binary != *self.binary).cloned();
        let mut entries = withdrawn(releases, current);
        entries.extend(others);
        entries
    }
}

/// The entry of a statement.
fn entry(text: &str) -> Option<IndexEntry> {
    let statement = Statement::parse(text.as_bytes()).ok()?;
    Some(IndexEntry {
        authority: statement.authority,
        binary: statement.binary,
        version: statement.version,
        platform: statement.platform,
        statement: Digest::of(text.as_bytes()),
        record: None,
        merged: Vec::new(),
        yanked: false,
    })
}

#[async_trait(?Send)]
impl IndexChange for ImageReindex<'_> {
    fn is_needed(&mut self, current: &IndexPayload) -> bool {
        let Some(releases) = self.releases.clone() else { return true };
        let key = |entry: &IndexEntry| loom_source::Record::path(&entry.release());
        let (mut there, mut here) = (current.releases.clone(), self.entries(releases, current));
        for entries in [&mut there, &mut here] {
            entries.sort_by_key(key);
        }
        current.serial == 0 || there != here
    }

    async fn make(
        &mut self,
        current: &IndexPayload,
    ) -> Result<Option<Vec<IndexEntry>>, MirrorTaskError> {
        let images = self.publisher.statements(self.binary).await?;
        let (mut releases, mut incomplete) = (Vec::new(), Vec::new());
        for image in images {
            let entry = image.statement.as_deref().and_then(entry);
            let is_own = |entry: &IndexEntry| {
                (&entry.binary, &entry.version, entry.platform)
                    == (self.binary, &image.version, image.platform)
            };
            match entry.filter(is_own) {
                Some(entry) => releases.push(entry),
                None => {
                    let (authority, binary) = (self.authority.clone(), self.binary.clone());
                    let product = Product { authority, binary, platform: image.platform };
                    incomplete.push(product.at_version(image.version));
                }
            }
        }
        (self.releases, self.incomplete) = (Some(releases.clone()), incomplete);
        Ok(self.is_needed(current).then(|| self.entries(releases, current)))
    }
}
