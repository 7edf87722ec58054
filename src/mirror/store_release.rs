//! [`StoreRelease`]: a release of the store on this machine, as it is put into a mirror.

use std::{fs::File, path::Path};

use loom_mirror::{
    Destination,
    destination::{ObjectBody, PutOutcome},
};
use loom_source::{
    ArchiveFormat, Digest, Record, Release, Slot, Statement,
    record::{RecordArtifact, RecordEvidence, object_path, tree_path},
};
use sha2::{Digest as _, Sha256};

use super::{
    CopiedRelease, MirrorTaskError,
    lacking::{MAX_EVIDENCE, lacking_evidence},
    record_writer::RecordWriter,
};
use crate::store::{EntryKind, Store, StoreError};

/// A release of the store on this machine.
#[derive(Debug, Clone)]
pub struct StoreRelease {
    /// The release.
    pub release: Release,
    record: Record,
    statement: Statement,
    /// The path of its archive in the mirror, where it is there by a name of its own.
    file: Option<String>,
    /// Whether it is withdrawn where it comes from.
    is_withdrawn: bool,
}

impl StoreRelease {
    /// The release, where the store has it; `None` where it does not, and for a development build, which has no record.
    ///
    /// # Errors
    /// Where its record or its statement cannot be used.
    pub fn of(store: &Store, release: &Release) -> Result<Option<Self>, StoreError> {
        if release.slot == Slot::Dev {
            return Ok(None);
        }
        let Some(record) = store.record(release)? else { return Ok(None) };
        let Some(statement) = store.statement(&record.statement)? else { return Ok(None) };
        if statement.release() != *release {
            return Ok(None);
        }
        let (release, file, is_withdrawn) = (release.clone(), None, false);
        Ok(Some(Self { release, record, statement, file, is_withdrawn }))
    }

    /// The same release, whose archive is in the mirror at this path.
    #[must_use]
    pub fn with_file(self, path: String) -> Self {
        Self { file: Some(path), ..self }
    }

    /// The same release; `is_withdrawn` says whether the index that names it withdraws it.
    #[must_use]
    pub fn with_withdrawal(self, is_withdrawn: bool) -> Self {
        Self { is_withdrawn, ..self }
    }

    /// Whether the index that names it withdraws it.
    pub(super) fn is_withdrawn(&self) -> bool {
        self.is_withdrawn
    }

    /// Fails where the release was accepted without a checksum, and where nothing in the store shows that it was verified:
    /// the readers of a mirror take its statements for those of published releases.
    ///
    /// # Errors
    /// [`MirrorTaskError::Unverified`], and where the verification cannot be read.
    pub fn check_verified(&self, store: &Store) -> Result<(), MirrorTaskError> {
        let why = match store.verification(&self.release)? {
            Some(one) if one.tree != self.statement.tree => "has the verification of another tree",
            Some(one) if one.waiver.is_some() => "was accepted without a checksum",
            Some(_) => return Ok(()),
            None => "has no verification",
        };
        Err(MirrorTaskError::Unverified { release: Box::new(self.release.clone()), why })
    }

    /// The digest of the archive that was unpacked; `None` for a plain program.
    pub fn archive(&self) -> Option<Digest> {
        self.statement.archives.first().map(|archive| archive.digest)
    }

    /// Whether it was published as an archive that can be a layer of an image.
    pub fn has_layer_archive(&self) -> bool {
        self.statement.archives.iter().any(|archive| archive.format != ArchiveFormat::Zip)
    }

    /// The digest of the statement.
    pub fn statement(&self) -> Digest {
        self.record.statement
    }

    /// Its statement.
    pub fn statement_document(&self) -> &Statement {
        &self.statement
    }

    /// The evidence in the store's record.
    pub(super) fn evidence(&self) -> &[RecordEvidence] {
        &self.record.evidence
    }

    /// The digest of the store's record.
    pub(super) fn record(&self) -> Digest {
        Digest::of(&self.record.to_bytes())
    }

    /// Puts the evidence that a mirror lacks of a release that it has, then the record.
    ///
    /// # Errors
    /// As for [`put`](Self::put).
    pub(super) async fn complete(
        &self,
        store: &Store,
        to: &dyn Destination,
        records: &RecordWriter<'_>,
    ) -> Result<CopiedRelease, MirrorTaskError> {
        let Some((there, digest)) = records.read(&self.release).await? else {
            return self.put(store, to, records).await;
        };
        let room = MAX_EVIDENCE.saturating_sub(there.evidence.len());
        let mut evidence = lacking_evidence(&there, &self.record);
        evidence.truncate(room);
        let mut copied = self.copied(digest, evidence.len());
        copied.is_addition = true;
        if evidence.is_empty() {
            return Ok(copied);
        }
        for evidence in &evidence {
            put_object(store, to, &evidence.digest).await?;
        }
        let more = Record { statement: self.statement(), artifacts: Vec::new(), evidence };
        copied.record = records.write(&self.release, &more, more.to_bytes().into()).await?;
        Ok(copied)
    }

    /// The release in a mirror, with the digest of its record there.
    fn copied(&self, record: Digest, evidence: usize) -> CopiedRelease {
        CopiedRelease {
            release: self.release.clone(),
            statement: self.statement(),
            record,
            merged: self.record(),
            bytes: 0,
            evidence,
            is_addition: false,
        }
    }

    /// Puts archives or files, evidence and statement into a mirror, then the record. Everything is hashed before.
    ///
    /// # Errors
    /// Where something is damaged or missing in the store, or the mirror cannot be written.
    pub(super) async fn put(
        &self,
        store: &Store,
        to: &dyn Destination,
        records: &RecordWriter<'_>,
    ) -> Result<CopiedRelease, MirrorTaskError> {
        let (artifacts, mut bytes) = self.put_archives(store, to).await?;
        let artifacts = if artifacts.is_empty() {
            bytes += self.put_files(store, to).await?;
            vec![RecordArtifact::Loose]
        } else {
            artifacts
        };
        for evidence in &self.record.evidence {
            put_object(store, to, &evidence.digest).await?;
        }
        put_object(store, to, &self.record.statement).await?;
        let record = Record { artifacts, ..self.record.clone() };
        let there = records.write(&self.release, &record, record.to_bytes().into()).await?;
        Ok(CopiedRelease { bytes, ..self.copied(there, self.record.evidence.len()) })
    }

    /// Puts the archives that the store has kept.
    async fn put_archives(
        &self,
        store: &Store,
        to: &dyn Destination,
    ) -> Result<(Vec<RecordArtifact>, u64), MirrorTaskError> {
        let (mut artifacts, mut bytes) = (Vec::new(), 0);
        if let (Some(path), [archive, ..]) = (&self.file, self.statement.archives.as_slice()) {
            let (path, digest) = (path.clone(), archive.digest);
            return Ok((vec![RecordArtifact::File { path, digest }], 0));
        }
        for archive in &self.statement.archives {
            if store.object(&archive.digest).is_file() {
                bytes += put_object(store, to, &archive.digest).await?;
                artifacts.push(RecordArtifact::Archive { digest: archive.digest });
            }
        }
        Ok((artifacts, bytes))
    }

    /// Puts the files of the tree and its listing.
    async fn put_files(&self, store: &Store, to: &dyn Destination) -> Result<u64, MirrorTaskError> {
        let tree = &self.statement.tree;
        let listing = store.check_tree(tree)?;
        let mut bytes = 0;
        for entry in listing.entries().iter().filter(|entry| entry.kind != EntryKind::Link) {
            let path = store.tree(tree).join(entry.path.as_str());
            let key = format!("{}/{}", tree_path(tree), entry.path);
            let body = ObjectBody::File { path, size: entry.size };
            if to.put_object(&key, body).await? == PutOutcome::Written {
                bytes += entry.size;
            }
        }
        to.put_object(&object_path(tree), listing.to_bytes().into()).await?;
        Ok(bytes)
    }
}

/// Puts an object of the store, whose bytes are hashed before. Returns the number of bytes that were transferred.
async fn put_object(
    store: &Store,
    to: &dyn Destination,
    digest: &Digest,
) -> Result<u64, MirrorTaskError> {
    put_file(&store.object(digest), to, digest).await
}

/// Puts a file of this machine, whose bytes are hashed before. Returns the number of bytes that were transferred.
async fn put_file(
    path: &Path,
    to: &dyn Destination,
    digest: &Digest,
) -> Result<u64, MirrorTaskError> {
    let unread = |source| MirrorTaskError::Staging { folder: path.to_owned(), source };
    let got = hash(path).map_err(unread)?;
    if got != *digest {
        let at = path.display().to_string();
        return Err(MirrorTaskError::Mismatch { at, expected: *digest, got });
    }
    let body = ObjectBody::file(path).map_err(unread)?;
    let size = body.size();
    match to.put_object(&object_path(digest), body).await? {
        PutOutcome::Written => Ok(size),
        PutOutcome::Present => Ok(0),
    }
}

fn hash(path: &Path) -> std::io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    let mut piece = vec![0; 256 * 1024];
    loop {
        match std::io::Read::read(&mut file, &mut piece)? {
            0 => return Ok(Digest::from_hasher(hasher)),
            read => hasher.update(&piece[..read]),
        }
    }
}
