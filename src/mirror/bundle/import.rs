//! [`import`]: puts what a bundle holds of a signed mirror into a copy of this mirror.

use std::path::Path;

use loom_mirror::{
    Destination,
    bundle::{BundleError, OpenBundle},
    destination::{ObjectBody, Replacement},
};
use loom_source::{
    Index, Record, SkippedEntries, SourceError,
    record::{IndexPayload, IndexTimestamp, MirrorRoot},
};

use super::BundleTaskError;
use crate::{
    mirror::{
        CurrentIndex, DestinationDocuments, MirrorDocuments as _, MirrorTaskError,
        lacking::{self, MAX_EVIDENCE},
        newest_root,
        record_writer::RecordWriter,
    },
    trust::{
        RevokedSigners,
        mirror::{MirrorClock, MirrorRejection, TrustedRoot, VerifiedIndex, VerifiedTimestamp},
    },
};

/// The largest file that is kept in memory while it is written, in bytes.
const IN_MEMORY: u64 = 1024 * 1024;

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// The number of the newest root.
    pub root: u64,
    /// The serial of the index.
    pub serial: u64,
    /// Whether the index of the bundle is the newer one, and was written.
    pub changed: bool,
    /// The number of releases of the bundle that the index names.
    pub releases: usize,
}

/// Puts what a bundle holds of a signed mirror into `destination`, a copy of this mirror or an empty folder or bucket.
///
/// The roots of the bundle are data: each must follow from the newest root of the destination, which is the anchor. Keys
/// that such a root revokes sign nothing any more. An index that is not newer stays out; releases that the index of the
/// destination does not name as they are stay out too. Artifacts and evidence that the destination has, and the bundle has
/// not, are kept.
///
/// # Errors
/// Where the documents do not follow, a file of the bundle is damaged, or the destination cannot be read or written.
pub async fn import(
    path: &Path,
    bundle: &OpenBundle,
    destination: &dyn Destination,
    clock: MirrorClock,
    revoked: &RevokedSigners,
) -> Result<ImportReport, BundleTaskError> {
    let import = Import { path, bundle, destination };
    let documents = DestinationDocuments(destination);
    let current = CurrentIndex::read(&documents).await?;
    let anchor = newest_root(&documents, current.payload.root.unwrap_or(1)).await?;
    let (roots, root) = import.roots(anchor, &current)?;
    let index = import.index(&root, clock, revoked)?;
    let seen = (current.payload.root, current.payload.serial);
    let changed = current.file.is_none() || (index.root, index.serial) > seen;
    for root in &roots {
        import.create(root).await?;
    }
    let valid = if changed { &index } else { &current.payload };
    import.objects().await?;
    let releases = import.records(valid).await?;
    if changed {
        import.publish(&current).await?;
    }
    destination.sync().await.map_err(MirrorTaskError::from)?;
    Ok(ImportReport { root: root.root().number, serial: valid.serial, changed, releases })
}

struct Import<'a> {
    path: &'a Path,
    bundle: &'a OpenBundle,
    destination: &'a dyn Destination,
}

impl Import<'_> {
    /// The paths of the roots that the destination lacks, and the newest root of both.
    fn roots(
        &self,
        anchor: Option<TrustedRoot>,
        current: &CurrentIndex,
    ) -> Result<(Vec<String>, TrustedRoot), BundleTaskError> {
        let mut new = Vec::new();
        let mut root = match anchor {
            Some(root) => root,
            None if current.file.is_some() => return Err(self.rejected("root", None)),
            // An empty destination becomes a copy: whoever reads it has an anchor of their own.
            None => {
                let numbers = self.bundle.manifest().files.iter();
                let numbers = numbers.filter_map(|file| root_number(&file.path));
                let first = numbers.min().ok_or_else(|| self.rejected("root", None))?;
                let path = MirrorRoot::path(first);
                let first = TrustedRoot::first_seen(&self.read(&path)?)
                    .map_err(|why| self.rejected(&path, Some(why)))?;
                new.push(path);
                first
            }
        };
        loop {
            let path = MirrorRoot::path(root.root().number + 1);
            if self.bundle.manifest().file(&path).is_none() {
                return Ok((new, root));
            }
            let next = root.successor(&self.read(&path)?);
            root = next.map_err(|why| self.rejected(&path, Some(why)))?;
            new.push(path);
        }
    }

    /// The index of the bundle, verified with the newest root. One that has expired still lists what was published.
    fn index(
        &self,
        root: &TrustedRoot,
        clock: MirrorClock,
        revoked: &RevokedSigners,
    ) -> Result<IndexPayload, BundleTaskError> {
        let stamp = match &root.root().roles.timestamp {
            None => None,
            Some(_) => {
                let path = IndexTimestamp::PATH;
                VerifiedTimestamp::verify(root, &self.read(path)?, None)
                    .map_err(|why| self.rejected(path, Some(why)))?
            }
        };
        let (bytes, skipped) = (self.read(Index::PATH)?, SkippedEntries::default());
        VerifiedIndex::verify(root, stamp.as_ref(), &bytes, None, clock, revoked, &skipped)
            .map_err(|why| self.rejected(Index::PATH, Some(why)))?;
        let index = Index::parse(&bytes).map_err(|source| BundleTaskError::Document {
            at: self.location(Index::PATH),
            source,
        })?;
        Ok(index.payload)
    }

    /// Writes objects and files of trees.
    async fn objects(&self) -> Result<(), BundleTaskError> {
        for file in &self.bundle.manifest().files {
            if file.path.starts_with("objects/") || file.path.starts_with("store/") {
                let body = self.body(&file.path, file.size)?;
                let put = self.destination.put_object(&file.path, body).await;
                put.map_err(MirrorTaskError::from)?;
            }
        }
        self.create("format").await
    }

    /// Writes the records of the releases that the index names as they are, with the artifacts and the evidence that the
    /// destination has of them; returns their number.
    async fn records(&self, index: &IndexPayload) -> Result<usize, BundleTaskError> {
        let (records, mut count) = (RecordWriter::new(self.destination), 0);
        for entry in &index.releases {
            let release = entry.release();
            let path = Record::path(&release);
            if self.bundle.manifest().file(&path).is_none() {
                continue;
            }
            let bytes = self.read(&path)?;
            let record = Record::parse(&bytes)
                .map_err(|source| BundleTaskError::Document { at: self.location(&path), source })?;
            if record.statement != entry.statement {
                continue;
            }
            count += 1;
            let there = records.read(&release).await?.map(|(there, _)| there);
            match there.filter(|there| there.statement == record.statement) {
                None => records.write(&release, &record, bytes.into()).await?,
                Some(there) => {
                    let more = self.lacking(&path, &there, &record)?;
                    records.write(&release, &more, more.to_bytes().into()).await?
                }
            };
        }
        Ok(count)
    }

    /// What the bundle's record of a release has and that of the destination has not.
    fn lacking(
        &self,
        path: &str,
        there: &Record,
        record: &Record,
    ) -> Result<Record, BundleTaskError> {
        let more = lacking::lacking(there, record);
        let got = there.evidence.len() + more.evidence.len();
        if !more.evidence.is_empty() && got > MAX_EVIDENCE {
            let why = format!(
                "expected at most {MAX_EVIDENCE} signatures and attestations, with those of the mirror, got {got}"
            );
            return Err(SourceError::malformed(self.location(path), why).into());
        }
        Ok(more)
    }

    /// Replaces timestamp and index.
    async fn publish(&self, current: &CurrentIndex) -> Result<(), BundleTaskError> {
        let destination = self.destination;
        if self.bundle.manifest().file(IndexTimestamp::PATH).is_some() {
            let bytes = self.read(IndexTimestamp::PATH)?;
            let written = destination.write(IndexTimestamp::PATH, bytes.into()).await;
            written.map_err(MirrorTaskError::from)?;
        }
        let bytes = self.read(Index::PATH)?.into();
        let tag = current.file.as_ref().map(|(_, tag)| tag);
        let documents = DestinationDocuments(destination);
        match documents.replace(Index::PATH, bytes, tag).await? {
            Replacement::Replaced => Ok(()),
            Replacement::Conflict => {
                Err(BundleTaskError::Overtaken { mirror: destination.to_string() })
            }
        }
    }

    /// Writes a file that the destination does not have.
    async fn create(&self, path: &str) -> Result<(), BundleTaskError> {
        let bytes = self.read(path)?.into();
        let created = self.destination.replace(path, bytes, None).await;
        // A file that is there stays: roots and the format never change.
        created.map(|_| ()).map_err(|error| MirrorTaskError::from(error).into())
    }

    fn body(&self, path: &str, size: u64) -> Result<ObjectBody, BundleTaskError> {
        if size <= IN_MEMORY {
            return Ok(self.read(path)?.into());
        }
        let failed = |source| BundleTaskError::File { path: self.path.to_owned(), source };
        let staging = self.destination.staging().map_err(MirrorTaskError::from)?;
        let mut temporary = match staging {
            Some(folder) => tempfile::NamedTempFile::new_in(folder),
            None => tempfile::NamedTempFile::new(),
        }
        .map_err(failed)?;
        self.bundle.copy(path, &mut temporary).map_err(|error| self.damaged(error))?;
        Ok(ObjectBody::Temporary { path: temporary.into_temp_path(), size })
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, BundleTaskError> {
        let bytes = self.bundle.read(path).map_err(|error| self.damaged(error))?;
        bytes.ok_or_else(|| self.rejected(path, None))
    }

    fn damaged(&self, source: BundleError) -> BundleTaskError {
        BundleTaskError::Read { path: self.path.to_owned(), source }
    }

    fn location(&self, path: &str) -> String {
        self.path.join(path).display().to_string()
    }

    /// The error for a document that does not follow from the destination's, or that is missing.
    fn rejected(&self, path: &str, why: Option<MirrorRejection>) -> BundleTaskError {
        let source = Box::new(why.unwrap_or(MirrorRejection::Absent("signed document")));
        MirrorTaskError::Rejected { at: self.location(path), source }.into()
    }
}

/// The number of the root that has this path.
fn root_number(path: &str) -> Option<u64> {
    path.strip_prefix("root/")?.strip_suffix(".json")?.parse().ok()
}
