//! [`collect`]: reads the selected releases from a mirror, and verifies every object.

use std::path::Path;

use bytes::Bytes;
use loom_mirror::bundle::{BundleContent, BundleWriter};
use loom_source::{
    Digest, Index, Record, Release, Source, SourceError, Statement,
    record::{DocumentError, RecordArtifact, object_path, tree_path},
};

use super::{BundleSelection, BundleTaskError, MirrorMetadata, spool::ObjectSpool};
use crate::{mirror::MirrorFiles, store::TreeListing};

/// The file that names the format of a store, and the largest one.
const FORMAT: &str = "format";
const MAX_FORMAT: usize = 1024;

/// The largest record, statement or listing that is read, in bytes.
const MAX_DOCUMENT: usize = 8 * 1024 * 1024;

/// What a bundle is going to hold.
#[derive(Debug)]
pub struct Collected {
    /// The files.
    pub writer: BundleWriter,
    /// The releases.
    pub releases: Vec<Release>,
    /// The files of remote mirrors, until the bundle is written.
    _spool: ObjectSpool,
}

/// Reads the selected releases from the mirror `source`, with its index, its roots, and all evidence. What has to be kept
/// until the bundle is written is kept in `folder`.
///
/// # Errors
/// Where a release is missing or incomplete, a document cannot be used, or an object has other bytes than its name says.
pub async fn collect(
    source: &dyn Source,
    selection: &BundleSelection,
    folder: &Path,
) -> Result<Collected, BundleTaskError> {
    let mirror = MirrorFiles::of(source);
    let mut writer = BundleWriter::default();
    let format = mirror.read(FORMAT, MAX_FORMAT).await?;
    let no_store = || BundleTaskError::NoStore { mirror: mirror.name() };
    let format = format.filter(|format| format.starts_with(b"loom-store ")).ok_or_else(no_store)?;
    writer.add(FORMAT, BundleContent::Bytes(format.into()));
    let MirrorMetadata { files, index } = MirrorMetadata::read(source).await?;
    for (path, bytes) in files {
        writer.add(path, BundleContent::Bytes(bytes.into()));
    }
    let releases: Vec<Release> =
        selection.releases(source, index.as_ref()).await?.into_values().collect();
    let mut collector =
        Collector { source, mirror, index, writer, spool: ObjectSpool::new(folder)? };
    for release in &releases {
        collector.add_release(release).await?;
    }
    let Collector { writer, spool, .. } = collector;
    Ok(Collected { writer, releases, _spool: spool })
}

struct Collector<'a> {
    source: &'a dyn Source,
    mirror: MirrorFiles<'a>,
    index: Option<Index>,
    writer: BundleWriter,
    spool: ObjectSpool,
}

impl Collector<'_> {
    async fn add_release(&mut self, release: &Release) -> Result<(), BundleTaskError> {
        let path = Record::path(release);
        let bytes = self.mirror.read(&path, MAX_DOCUMENT).await?;
        let missing = || BundleTaskError::Missing {
            mirror: self.mirror.name(),
            release: Box::new(release.clone()),
        };
        let mut record =
            Record::parse(&bytes.ok_or_else(missing)?).map_err(|e| self.document(&path, e))?;
        self.check_index(release, &path, record.statement)?;
        let statement = self.add_statement(release, record.statement).await?;
        let mut artifacts = Vec::new();
        for artifact in &record.artifacts {
            // Loose files are another way for the same tree to travel.
            let (path, digest) = match artifact {
                RecordArtifact::Archive { digest } => (object_path(digest), digest),
                RecordArtifact::File { path, digest } => (path.clone(), digest),
                RecordArtifact::Loose | RecordArtifact::Unknown => continue,
            };
            if self.add_file(path, *digest).await? {
                artifacts.push(artifact.clone());
            }
        }
        if artifacts.is_empty() && record.artifacts.contains(&RecordArtifact::Loose) {
            self.add_tree(&statement).await?;
            artifacts.push(RecordArtifact::Loose);
        }
        if artifacts.is_empty() {
            let (mirror, release) = (self.mirror.name(), Box::new(release.clone()));
            return Err(BundleTaskError::NoArtifact { mirror, release });
        }
        let mut evidence = Vec::new();
        for one in &record.evidence {
            if self.add_object(one.digest).await? {
                evidence.push(one.clone());
            }
        }
        // The record of the bundle names what the bundle has. A record proves nothing, and nothing signs it.
        record.artifacts = artifacts;
        record.evidence = evidence;
        self.writer.add(path, BundleContent::Bytes(record.to_bytes()));
        Ok(())
    }

    /// Refuses a record with another statement than the index.
    fn check_index(
        &self,
        release: &Release,
        path: &str,
        statement: Digest,
    ) -> Result<(), BundleTaskError> {
        let entry = self.index.as_ref().and_then(|index| index.entry(release));
        match entry.filter(|entry| entry.statement != statement) {
            None => Ok(()),
            Some(entry) => {
                let why = format!(
                    "expected the statement {}, which the index names, got {statement}",
                    entry.statement
                );
                Err(SourceError::damaged(self.mirror.location(path), why).into())
            }
        }
    }

    async fn add_statement(
        &mut self,
        release: &Release,
        digest: Digest,
    ) -> Result<Statement, BundleTaskError> {
        let path = object_path(&digest);
        let bytes = self.read_object(&path, digest).await?;
        let statement = Statement::parse(&bytes).map_err(|error| self.document(&path, error))?;
        if statement.release() != *release {
            let why =
                format!("expected the statement of {release}, got that of {}", statement.release());
            return Err(SourceError::damaged(self.mirror.location(&path), why).into());
        }
        self.writer.add(path, BundleContent::Bytes(bytes.into()));
        Ok(statement)
    }

    /// Adds an object; returns whether the mirror has it.
    async fn add_object(&mut self, digest: Digest) -> Result<bool, BundleTaskError> {
        self.add_file(object_path(&digest), digest).await
    }

    async fn add_file(&mut self, path: String, digest: Digest) -> Result<bool, BundleTaskError> {
        let Some(content) = self.spool.fetch(self.source, &path, digest).await? else {
            return Ok(false);
        };
        self.writer.add(path, content);
        Ok(true)
    }

    /// Adds the listing and the files of a tree.
    async fn add_tree(&mut self, statement: &Statement) -> Result<(), BundleTaskError> {
        let path = object_path(&statement.tree);
        let bytes = self.read_object(&path, statement.tree).await?;
        let listing = TreeListing::parse(&bytes).map_err(|error| {
            SourceError::malformed(self.mirror.location(&path), loom_base::error_chain(&error))
        })?;
        self.writer.add(path, BundleContent::Bytes(bytes.into()));
        for entry in listing.entries() {
            let path = format!("{}/{}", tree_path(&statement.tree), entry.path);
            let content = self.spool.fetch(self.source, &path, entry.digest).await?;
            let content = content.ok_or_else(|| self.gone(&path))?;
            self.writer.add(path, content);
        }
        Ok(())
    }

    async fn read_object(&self, path: &str, digest: Digest) -> Result<Bytes, BundleTaskError> {
        let bytes = self.mirror.read(path, MAX_DOCUMENT).await?.ok_or_else(|| self.gone(path))?;
        let got = Digest::of(&bytes);
        if got == digest {
            return Ok(bytes);
        }
        let why = format!("expected the SHA-256 {digest}, got {got}");
        Err(SourceError::damaged(self.mirror.location(path), why).into())
    }

    fn gone(&self, path: &str) -> SourceError {
        SourceError::new(self.mirror.location(path), loom_source::SourceErrorKind::Gone)
    }

    fn document(&self, path: &str, source: DocumentError) -> BundleTaskError {
        BundleTaskError::Document { at: self.mirror.location(path), source }
    }
}
