//! [`RecordWriter`]: writes the records of releases.

use std::collections::BTreeMap;

use bytes::Bytes;
use loom_mirror::{Destination, destination::Replacement};
use loom_source::{
    Digest, Record, Release,
    record::{RecordArtifact, RecordEvidenceKind},
};

use super::{MirrorTaskError, object_transfer::MAX_DOCUMENT};

/// How often a record is written before the writer gives up.
const MAX_ATTEMPTS: usize = 5;

/// Writes the records of releases that the index does not name yet, or that get more artifacts and evidence.
#[derive(Debug)]
pub(super) struct RecordWriter<'a> {
    to: &'a dyn Destination,
    /// The records with another statement that were replaced, by their paths.
    replaced: std::sync::Mutex<BTreeMap<String, Bytes>>,
}

impl<'a> RecordWriter<'a> {
    pub(super) fn new(to: &'a dyn Destination) -> Self {
        Self { to, replaced: std::sync::Mutex::default() }
    }

    /// The record of a release and its digest; `None` where there is none that can be read.
    pub(super) async fn read(
        &self,
        release: &Release,
    ) -> Result<Option<(Record, Digest)>, MirrorTaskError> {
        let file = self.to.read(&Record::path(release), MAX_DOCUMENT).await?;
        Ok(file.and_then(|(bytes, _)| Some((Record::parse(&bytes).ok()?, Digest::of(&bytes)))))
    }

    /// Writes the record of a release. Artifacts and evidence of a record with the same statement are kept. Returns the
    /// digest of the record that is there then.
    pub(super) async fn write(
        &self,
        release: &Release,
        record: &Record,
        bytes: Bytes,
    ) -> Result<Digest, MirrorTaskError> {
        let path = Record::path(release);
        for _ in 0..MAX_ATTEMPTS {
            let current = self.to.read(&path, MAX_DOCUMENT).await?;
            let (next, tag) = match current {
                None => (bytes.clone(), None),
                Some((current, _)) if current == bytes => return Ok(Digest::of(&current)),
                Some((current, tag)) => match Record::parse(&current).ok() {
                    Some(there) if there.statement == record.statement => {
                        match merged(&there, record) {
                            None => return Ok(Digest::of(&current)),
                            Some(merged) => (merged.to_bytes().into(), Some(tag)),
                        }
                    }
                    _ => {
                        // The index does not name it: it is left of a push that broke off, or of one that is running.
                        self.remember(&path, current);
                        (bytes.clone(), Some(tag))
                    }
                },
            };
            let digest = Digest::of(&next);
            if self.to.replace(&path, next, tag.as_ref()).await? == Replacement::Replaced {
                return Ok(digest);
            }
        }
        Err(MirrorTaskError::Contended { mirror: format!("{}/{path}", self.to) })
    }

    /// Undoes the replacement of a record whose release another writer published meanwhile, with the statement `named`.
    pub(super) async fn restore(
        &self,
        release: &Release,
        named: Digest,
    ) -> Result<(), MirrorTaskError> {
        let path = Record::path(release);
        let Some(former) = self.take(&path) else { return Ok(()) };
        if !Record::parse(&former).is_ok_and(|record| record.statement == named) {
            return Ok(());
        }
        if let Some((_, tag)) = self.to.read(&path, MAX_DOCUMENT).await? {
            self.to.replace(&path, former, Some(&tag)).await?;
        }
        Ok(())
    }

    fn remember(&self, path: &str, record: Bytes) {
        loom_base::LockExt::locked(&self.replaced).insert(path.to_owned(), record);
    }

    fn take(&self, path: &str) -> Option<Bytes> {
        loom_base::LockExt::locked(&self.replaced).remove(path)
    }
}

/// The record with the artifacts and the evidence of both; `None` where `there` has all of them.
fn merged(there: &Record, more: &Record) -> Option<Record> {
    let mut merged = there.clone();
    let artifacts = more.artifacts.iter().filter(|artifact| **artifact != RecordArtifact::Unknown);
    let artifacts: Vec<_> =
        artifacts.filter(|one| !there.artifacts.contains(one)).cloned().collect();
    let evidence = more.evidence.iter().filter(|one| one.kind != RecordEvidenceKind::Unknown);
    let evidence: Vec<_> = evidence.filter(|one| !there.evidence.contains(one)).cloned().collect();
    if artifacts.is_empty() && evidence.is_empty() {
        return None;
    }
    merged.artifacts.extend(artifacts);
    merged.evidence.extend(evidence);
    // What this version cannot write as it was read is left out.
    merged.artifacts.retain(|artifact| *artifact != RecordArtifact::Unknown);
    merged.evidence.retain(|evidence| evidence.kind != RecordEvidenceKind::Unknown);
    Some(merged)
}

#[cfg(test)]
mod tests {
    use loom_source::record::RecordEvidence;

    use super::*;

    #[test]
    fn records_of_one_statement_are_merged() {
        let digest = Digest::of(b"a");
        let evidence = RecordEvidence { kind: RecordEvidenceKind::Gpg, digest, of: digest };
        let loose = Record {
            statement: digest,
            artifacts: vec![RecordArtifact::Loose],
            evidence: vec![evidence.clone()],
        };
        let archive = Record {
            statement: digest,
            artifacts: vec![RecordArtifact::Archive { digest }],
            evidence: vec![],
        };
        let both = merged(&loose, &archive).unwrap();
        assert_eq!(both.artifacts, [RecordArtifact::Loose, RecordArtifact::Archive { digest }]);
        assert_eq!(both.evidence, [evidence]);
        assert_eq!(merged(&both, &archive), None);
    }
}
