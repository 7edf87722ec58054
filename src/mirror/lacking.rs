//! [`lacking`]: what the record of a release has that another record of it has not.

use loom_source::{
    Record,
    record::{RecordArtifact, RecordEvidence, RecordEvidenceKind},
};

/// How many signatures and attestations a record may have to get more.
pub(super) const MAX_EVIDENCE: usize = 256;

/// The artifacts and the evidence of `more` that `there` has not. An archive is the same in every form.
pub(super) fn lacking(there: &Record, more: &Record) -> Record {
    let artifacts = more.artifacts.iter().filter(|artifact| !has_artifact(there, artifact));
    Record {
        statement: more.statement,
        artifacts: artifacts.cloned().collect(),
        evidence: lacking_evidence(there, more),
    }
}

/// The evidence of `more` that `there` has not.
pub(super) fn lacking_evidence(there: &Record, more: &Record) -> Vec<RecordEvidence> {
    let known = more.evidence.iter().filter(|one| one.kind != RecordEvidenceKind::Unknown);
    known.filter(|one| !there.evidence.contains(one)).cloned().collect()
}

fn has_artifact(there: &Record, artifact: &RecordArtifact) -> bool {
    let archive = |artifact: &RecordArtifact| match artifact {
        RecordArtifact::Archive { digest } | RecordArtifact::File { digest, .. } => Some(*digest),
        RecordArtifact::Loose | RecordArtifact::Unknown => None,
    };
    *artifact == RecordArtifact::Unknown
        || there.artifacts.iter().any(|one| match archive(artifact) {
            Some(digest) => archive(one) == Some(digest),
            None => one == artifact,
        })
}

#[cfg(test)]
mod tests {
    use loom_source::Digest;

    use super::*;

    #[test]
    fn an_archive_is_not_lacking_where_it_is_a_file_of_its_own() {
        let digest = Digest::of(b"a");
        let there = Record {
            statement: digest,
            artifacts: vec![RecordArtifact::File { path: "v1/a.tar.gz".to_owned(), digest }],
            evidence: vec![],
        };
        let of = |kind| RecordEvidence { kind, digest, of: digest };
        let signature = of(RecordEvidenceKind::Minisign);
        let more = Record {
            statement: digest,
            artifacts: vec![
                RecordArtifact::Unknown,
                RecordArtifact::Archive { digest },
                RecordArtifact::Loose,
            ],
            evidence: vec![of(RecordEvidenceKind::Unknown), signature.clone()],
        };
        let lacking = lacking(&there, &more);
        assert_eq!(lacking.artifacts, [RecordArtifact::Loose]);
        assert_eq!(lacking.evidence, [signature]);
    }
}
