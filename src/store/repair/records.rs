//! Records that are missing, or that lead to nothing: made again from the statements that are here. A record proves nothing,
//! so a wrong choice is noticed by the verification.

use std::collections::HashMap;

use loom_source::{
    Digest, Record, Release, Slot, Statement,
    record::{RecordArtifact, RecordEvidence, RecordEvidenceKind},
};

use super::{RepairScope, Repaired};
use crate::{
    store::{Store, StoreError, Verification, durable::replace, evidence::parse_checksum},
    trust::{DigestSubject, Voucher},
};

/// The largest object that may be a statement or a kept checksum.
const LARGEST: u64 = 1 << 20;

/// The statements and kept checksums among the objects.
#[derive(Default)]
struct SmallObjects {
    statements: HashMap<Release, Vec<(Digest, Statement)>>,
    checksums: HashMap<Release, Vec<RecordEvidence>>,
}

impl Store {
    pub(super) fn repair_records(
        &self,
        scope: RepairScope<'_>,
        repaired: &mut Vec<Repaired>,
    ) -> Result<(), StoreError> {
        let objects = self.small_objects()?;
        let mut releases = self.installed_versions()?;
        releases.retain(|release| self.is_left(release));
        // A statement alone may be what an interrupted removal has left; its tree shows that it is not.
        releases.extend(objects.statements.iter().filter_map(|(release, statements)| {
            let is_here =
                |(_, statement): &(Digest, Statement)| self.tree(&statement.tree).is_dir();
            statements.iter().any(is_here).then(|| release.clone())
        }));
        releases.sort_by_key(ToString::to_string);
        releases.dedup();
        for release in releases.into_iter().filter(|release| scope.covers(release)) {
            if self.has_usable_record(&release) {
                continue;
            }
            if let Some((digest, statement)) = self.statement_for(&release, &objects) {
                let record = self.record_for(&release, digest, &statement, &objects);
                let path = self.record_path(&release);
                replace(&self.root, &self.tmp(), &path, &record.to_bytes())?;
                repaired.push(Repaired::new(path, "made again from the statement"));
            }
        }
        Ok(())
    }

    /// Whether the record of a release leads to a statement of the release.
    pub fn has_usable_record(&self, release: &Release) -> bool {
        let Ok(Some(record)) = self.record(release) else { return false };
        let statement = self.statement(&record.statement);
        matches!(statement, Ok(Some(statement)) if statement.release() == *release)
    }

    /// Whether more is left of a version than its receipt, which an interrupted removal leaves too.
    pub fn is_left(&self, release: &Release) -> bool {
        let is_there = |path: std::path::PathBuf| path.symlink_metadata().is_ok();
        let received = self.receipt(release).ok().flatten().and_then(|receipt| receipt.tree);
        is_there(self.record_path(release))
            || is_there(self.verification_path(release))
            || is_there(self.link_path(release))
            || received.is_some_and(|tree| self.tree(&tree).is_dir())
    }

    /// Whether an object can be a statement or a kept checksum by its size.
    pub(in crate::store) fn is_small_object(&self, digest: &Digest) -> bool {
        std::fs::metadata(self.object(digest)).is_ok_and(|meta| meta.len() <= LARGEST)
    }

    fn small_objects(&self) -> Result<SmallObjects, StoreError> {
        let mut found = SmallObjects::default();
        for digest in self.objects_here()? {
            if !self.is_small_object(&digest) {
                continue;
            }
            let Ok(Some(bytes)) = self.object_bytes(&digest) else { continue };
            if let Some((release, of)) = parse_checksum(&bytes) {
                let kind = RecordEvidenceKind::Checksum;
                let evidence = RecordEvidence { kind, digest, of };
                found.checksums.entry(release).or_default().push(evidence);
            } else if let Ok(statement) = Statement::parse(&bytes) {
                let of = found.statements.entry(statement.release()).or_default();
                of.push((digest, statement));
            }
        }
        Ok(found)
    }

    /// The statement of a release: the one that its verification or receipt names, else the only one, else the only one
    /// whose tree is here.
    fn statement_for(
        &self,
        release: &Release,
        objects: &SmallObjects,
    ) -> Option<(Digest, Statement)> {
        let all = objects.statements.get(release)?;
        let verified = self.verification(release).ok().flatten().map(|it| it.statement);
        let received = self.receipt(release).ok().flatten().and_then(|it| it.statement);
        let named = [verified, received].into_iter().flatten();
        let mut named = named.filter_map(|digest| all.iter().find(|(it, _)| *it == digest));
        let only = match &all[..] {
            [only] => Some(only),
            _ => None,
        };
        let mut here = all.iter().filter(|(_, statement)| self.tree(&statement.tree).is_dir());
        named.next().or(only).or_else(|| here.next().filter(|_| here.next().is_none())).cloned()
    }

    fn record_for(
        &self,
        release: &Release,
        statement_digest: Digest,
        statement: &Statement,
        objects: &SmallObjects,
    ) -> Record {
        let mut artifacts = vec![RecordArtifact::Loose];
        let kept = statement.archives.iter().map(|archive| archive.digest);
        let kept = kept.filter(|digest| self.object(digest).is_file());
        artifacts.extend(kept.map(|digest| RecordArtifact::Archive { digest }));
        let mut evidence = objects.checksums.get(release).cloned().unwrap_or_default();
        let verification = self.verification(release).ok().flatten();
        evidence.extend(verification.iter().flat_map(served_statements));
        Record { statement: statement_digest, artifacts, evidence }
    }

    /// The versions that have a record, a verification or a receipt, or a link.
    pub fn installed_versions(&self) -> Result<Vec<Release>, StoreError> {
        let mut found = vec![];
        for folder in ["releases", "verifications", "receipts"] {
            found.extend(self.releases_below(folder)?);
        }
        found.retain(|release| release.slot != Slot::Dev);
        found.sort_by_key(ToString::to_string);
        found.dedup();
        Ok(found)
    }
}

/// The statements that a source served, as the verification says. One that this machine wrote is no evidence.
fn served_statements(verification: &Verification) -> Vec<RecordEvidence> {
    let served = verification.digests.iter().filter(|digest| digest.by == Voucher::Statement);
    let of_tree = served.filter(|digest| digest.of == DigestSubject::Tree);
    let evidence = of_tree.filter_map(|digest| {
        let kind = RecordEvidenceKind::Statement;
        Some(RecordEvidence { kind, digest: digest.evidence?, of: digest.digest })
    });
    evidence.collect()
}
