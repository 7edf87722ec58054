//! The record, the verification and the receipt that a publication writes.

use std::time::SystemTime;

use loom_base::time::format_rfc3339;
use loom_source::{
    Digest, Record,
    record::{RecordArtifact, RecordEvidenceKind},
};

use super::{Checked, Receipt, ReceiptCheck, Store, Verification};
use crate::trust::TrustedDigest;

impl Store {
    /// The new record: its own artifacts and evidence, and those of the old record that are still right.
    pub(super) fn merged_record(&self, checked: &Checked, statement: Digest) -> Record {
        let old = self.record(&checked.release).ok().flatten();
        let old = old.filter(|old| {
            let tree = self.statement(&old.statement).ok().flatten().map(|s| s.tree);
            tree == Some(checked.tree)
        });
        let (old_artifacts, mut evidence) =
            old.map_or((vec![], vec![]), |old| (old.artifacts, old.evidence));
        // Evidence that is missing or damaged proves nothing; what the source gave again is added below.
        let is_here =
            |digest: &Digest| self.object_bytes(digest).is_ok_and(|bytes| bytes.is_some());
        evidence.retain(|evidence| {
            evidence.kind != RecordEvidenceKind::Unknown && is_here(&evidence.digest)
        });
        let mut artifacts = vec![RecordArtifact::Loose];
        let kept = checked.archive.as_ref().filter(|archive| archive.kept);
        artifacts.extend(kept.map(|archive| RecordArtifact::Archive { digest: archive.digest }));
        for artifact in old_artifacts {
            let here = match &artifact {
                RecordArtifact::Archive { digest } => self.object(digest).is_file(),
                RecordArtifact::File { .. } | RecordArtifact::Loose | RecordArtifact::Unknown => {
                    false
                }
            };
            if here && !artifacts.contains(&artifact) {
                artifacts.push(artifact);
            }
        }
        for (new, _) in &checked.evidence {
            if !evidence.contains(new) {
                evidence.push(new.clone());
            }
        }
        Record { statement, artifacts, evidence }
    }

    /// The verification of what was checked; `None` for a development build.
    pub(super) fn new_verification(
        &self,
        checked: &Checked,
        statement: Digest,
        record: &Record,
    ) -> Option<Verification> {
        let mut verification = Verification::new(&checked.release, checked.tree, statement)?;
        if let Some((class, source)) = &checked.source {
            verification.class = Some(class.clone());
            verification.source = Some(source.clone());
        }
        verification.digests.clone_from(&checked.digests);
        verification.waiver = checked.waiver;
        verification.evidence = record.evidence.iter().map(|evidence| evidence.digest).collect();
        Some(verification)
    }
}

impl Receipt {
    /// Fills in what the store knows of a publication.
    pub(super) fn complete(&mut self, checked: &Checked, statement: Option<Digest>) {
        self.tree = Some(checked.tree());
        self.entry = checked.entry().to_string();
        self.statement = statement;
        self.archive.clone_from(&checked.archive);
        if let Some((class, source)) = &checked.source {
            self.origin.clone_from(class);
            self.source.clone_from(source);
        }
        self.grade = checked.grade();
        self.waiver = checked.waiver;
        let check = |digest: &TrustedDigest| ReceiptCheck {
            what: digest.of.as_str().to_owned(),
            by: digest.voucher(),
            grade: digest.grade,
        };
        self.checked = checked.digests().iter().map(check).collect();
        if self.at.is_empty() {
            self.at = format_rfc3339(SystemTime::now());
        }
    }
}
