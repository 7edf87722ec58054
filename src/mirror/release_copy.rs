//! [`ReleaseCopy`]: copies a release of a mirror with statements, byte for byte.

use bytes::Bytes;
use loom_source::{
    Digest, Record, Release, SourceError, Statement,
    record::{
        DocumentError, RecordArtifact, RecordEvidence, StatementArchive, object_path, tree_path,
    },
};

use super::{
    CopiedRelease, MirrorTaskError,
    lacking::{MAX_EVIDENCE, lacking},
    object_transfer::{MAX_DOCUMENT, ObjectTransfer},
    record_writer::RecordWriter,
};
use crate::store::{EntryKind, TreeListing};

/// Copies a release of a mirror with statements: archives, loose files and evidence, then the record.
pub(super) struct ReleaseCopy<'a> {
    pub(super) objects: ObjectTransfer<'a>,
    pub(super) records: &'a RecordWriter<'a>,
}

impl ReleaseCopy<'_> {
    /// The record of a release and its bytes; `None` where the mirror has none.
    pub(super) async fn record(
        &self,
        release: &Release,
    ) -> Result<Option<(Record, Bytes)>, MirrorTaskError> {
        let path = Record::path(release);
        let Some(bytes) = self.objects.from.read(&path, MAX_DOCUMENT).await? else {
            return Ok(None);
        };
        let record = Record::parse(&bytes).map_err(|source| self.unusable(&path, source))?;
        Ok(Some((record, bytes)))
    }

    /// Copies a release with this record. Where an index names its statement, `named` is that.
    pub(super) async fn copy(
        &self,
        release: &Release,
        (record, bytes): (Record, Bytes),
        named: Option<Digest>,
    ) -> Result<CopiedRelease, MirrorTaskError> {
        if let Some(named) = named {
            self.check_statement(release, &record, named)?;
        }
        let merged = Digest::of(&bytes);
        let text = self.objects.document(&record.statement).await?;
        let statement_path = object_path(&record.statement);
        let statement =
            Statement::parse(&text).map_err(|source| self.unusable(&statement_path, source))?;
        if statement.release() != *release {
            let why = format!("expected the statement of {release}, got {}", statement.release());
            let at = self.objects.from.location(&statement_path);
            return Err(SourceError::malformed(at, why).into());
        }
        let mut copied = 0;
        let mut artifacts = Vec::new();
        for artifact in &record.artifacts {
            if let Some((bytes, artifact)) = self.copy_artifact(artifact, &statement).await? {
                copied += bytes;
                artifacts.push(artifact);
            }
        }
        self.copy_evidence(&record.evidence).await?;
        self.objects.to.put_object(&statement_path, text.to_vec().into()).await?;
        let is_same = artifacts == record.artifacts;
        let record = Record { artifacts, ..record };
        let bytes = if is_same { bytes } else { record.to_bytes().into() };
        let there = self.records.write(release, &record, bytes).await?;
        Ok(CopiedRelease {
            release: release.clone(),
            statement: record.statement,
            record: there,
            merged,
            bytes: copied,
            evidence: record.evidence.len(),
            is_addition: false,
        })
    }

    /// Copies what the mirror's own record of a release lacks: evidence, and artifacts.
    pub(super) async fn complete(
        &self,
        release: &Release,
        (record, bytes): (Record, Bytes),
        named: Digest,
    ) -> Result<CopiedRelease, MirrorTaskError> {
        self.check_statement(release, &record, named)?;
        let Some((there, digest)) = self.records.read(release).await? else {
            return self.copy(release, (record, bytes), Some(named)).await;
        };
        let lacking = lacking(&there, &record);
        let statement = record.statement;
        let mut copied = CopiedRelease {
            release: release.clone(),
            statement,
            record: digest,
            merged: Digest::of(&bytes),
            bytes: 0,
            evidence: lacking.evidence.len(),
            is_addition: true,
        };
        if lacking.artifacts.is_empty() && lacking.evidence.is_empty() {
            return Ok(copied);
        }
        if there.evidence.len() + lacking.evidence.len() > MAX_EVIDENCE {
            let at = self.objects.from.location(&Record::path(release));
            let got = there.evidence.len() + lacking.evidence.len();
            let why = format!(
                "expected at most {MAX_EVIDENCE} signatures and attestations, with those of the mirror, got {got}"
            );
            return Err(SourceError::malformed(at, why).into());
        }
        let mut artifacts = Vec::new();
        if !lacking.artifacts.is_empty() {
            let path = object_path(&statement);
            let text = self.objects.document(&statement).await?;
            let statement =
                Statement::parse(&text).map_err(|source| self.unusable(&path, source))?;
            for artifact in &lacking.artifacts {
                if let Some((bytes, artifact)) = self.copy_artifact(artifact, &statement).await? {
                    copied.bytes += bytes;
                    artifacts.push(artifact);
                }
            }
        }
        self.copy_evidence(&lacking.evidence).await?;
        let more = Record { statement, artifacts, evidence: lacking.evidence };
        copied.record = self.records.write(release, &more, more.to_bytes().into()).await?;
        Ok(copied)
    }

    /// Fails where a record names another statement than the index.
    fn check_statement(
        &self,
        release: &Release,
        record: &Record,
        named: Digest,
    ) -> Result<(), MirrorTaskError> {
        if record.statement == named {
            return Ok(());
        }
        let why = format!(
            "expected the statement {named}, which the index names, got {}",
            record.statement
        );
        Err(SourceError::malformed(self.objects.from.location(&Record::path(release)), why).into())
    }

    async fn copy_evidence(&self, evidence: &[RecordEvidence]) -> Result<(), MirrorTaskError> {
        for evidence in evidence {
            let object = self.objects.document(&evidence.digest).await?;
            let path = object_path(&evidence.digest);
            self.objects.to.put_object(&path, object.to_vec().into()).await?;
        }
        Ok(())
    }

    /// Copies an artifact, and returns the number of bytes and what the copy is; `None` for one of an unknown form, and for
    /// an archive that the statement does not have.
    async fn copy_artifact(
        &self,
        artifact: &RecordArtifact,
        statement: &Statement,
    ) -> Result<Option<(u64, RecordArtifact)>, MirrorTaskError> {
        let (path, digest) = match artifact {
            RecordArtifact::Archive { digest } => (object_path(digest), digest),
            RecordArtifact::File { path, digest } => (path.clone(), digest),
            RecordArtifact::Loose => {
                let bytes = self.copy_files(&statement.tree).await?;
                return Ok(Some((bytes, RecordArtifact::Loose)));
            }
            RecordArtifact::Unknown => return Ok(None),
        };
        let archive = statement.archives.iter().find(|archive| archive.digest == *digest);
        let Some(StatementArchive { size, .. }) = archive else { return Ok(None) };
        let bytes = self.objects.copy(&path, &object_path(digest), *digest, *size).await?;
        Ok(Some((bytes, RecordArtifact::Archive { digest: *digest })))
    }

    /// Copies the listing of a tree and its files.
    async fn copy_files(&self, tree: &Digest) -> Result<u64, MirrorTaskError> {
        let text = self.objects.document(tree).await?;
        let listing = TreeListing::parse(&text).map_err(|error| {
            SourceError::malformed(
                self.objects.from.location(&object_path(tree)),
                error.to_string(),
            )
        })?;
        let mut copied = 0;
        for entry in listing.entries().iter().filter(|entry| entry.kind != EntryKind::Link) {
            let path = format!("{}/{}", tree_path(tree), entry.path);
            copied += self.objects.copy(&path, &path, entry.digest, entry.size).await?;
        }
        self.objects.to.put_object(&object_path(tree), text.to_vec().into()).await?;
        Ok(copied)
    }

    fn unusable(&self, path: &str, source: DocumentError) -> MirrorTaskError {
        MirrorTaskError::Document { at: self.objects.from.location(path), source }
    }
}
