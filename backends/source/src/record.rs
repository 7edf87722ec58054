//! The documents of a store that travel: [`Statement`], [`Record`], [`Index`] and the signed documents of a mirror. `store-format.md` specifies them.
//!
//! | module | holds |
//! |---|---|
//! | `document` | reads and writes the documents, each with its `schema` |
//! | `statement` | [`Statement`]: the immutable document that names the tree of a release |
//! | `index` | [`Index`]: the list of all releases of a mirror |
//! | [`signed`] | signed documents: [`MirrorRoot`], [`IndexTimestamp`], and the form of the index |

mod document;
mod index;
pub mod signed;
mod statement;

use serde::{Deserialize, Serialize};

use crate::{Digest, EvidenceKind, Release};

pub use document::DocumentError;
pub use index::{Index, IndexEntry, IndexPayload};
pub use signed::{
    DocumentSignature, IndexTimestamp, KeyId, MAX_NUMBER, MirrorId, MirrorKey, MirrorRole,
    MirrorRoles, MirrorRoot, SignedDocument, SignedKind,
};
pub use statement::{Statement, StatementArchive};

/// The replaceable file of a release that refers to its statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The digest of the statement.
    pub statement: Digest,
    /// The artifacts that the store has of the tree.
    #[serde(default, rename = "carriers")]
    pub artifacts: Vec<RecordArtifact>,
    /// The evidence that the store has, each an object.
    #[serde(default)]
    pub evidence: Vec<RecordEvidence>,
}

/// An artifact of a record. Readers skip one of an unknown form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "kebab-case")]
pub enum RecordArtifact {
    /// An archive, an object of the store. The statement says how it is unpacked.
    Archive {
        /// The digest of the archive, one of the statement's.
        digest: Digest,
    },
    /// An archive that is a file of the mirror with a name of its own: of a mirror in the release layout that got an index.
    File {
        /// The path below the root of the mirror.
        path: String,
        /// The digest of the archive, one of the statement's.
        digest: Digest,
    },
    /// The files of the tree below `store/<tree>/`, with the listing as an object.
    Loose,
    /// An artifact of a form that this version does not know.
    #[serde(other)]
    Unknown,
}

/// A signature or attestation of an object, which is an object itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordEvidence {
    /// The kind of evidence.
    pub kind: RecordEvidenceKind,
    /// The digest of the evidence.
    pub digest: Digest,
    /// The digest of the object that the evidence is about.
    pub of: Digest,
}

/// The kinds of evidence that a record may list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordEvidenceKind {
    /// A minisign signature.
    Minisign,
    /// A cosign signature by a key.
    Cosign,
    /// A detached OpenPGP signature.
    Gpg,
    /// A Sigstore bundle.
    Sigstore,
    /// A checksum that the source gave, kept as a line of `sha256sum`.
    Checksum,
    /// A `SHA256SUMS` that a signature is about, kept as the source served it; `of` is the archive that one of its lines
    /// names.
    Sums,
    /// The record's statement, where a source served it: it is the source's word, not this machine's.
    Statement,
    /// A kind that this version does not know; skipped.
    #[serde(other)]
    Unknown,
}

impl RecordEvidenceKind {
    /// The kind as a source offers it; `None` for evidence that is kept for this machine only.
    pub fn offered(self) -> Option<EvidenceKind> {
        match self {
            Self::Minisign => Some(EvidenceKind::Minisign),
            Self::Cosign => Some(EvidenceKind::Cosign),
            Self::Gpg => Some(EvidenceKind::Gpg),
            Self::Sigstore => Some(EvidenceKind::Sigstore),
            Self::Checksum | Self::Sums | Self::Statement | Self::Unknown => None,
        }
    }
}

impl From<EvidenceKind> for RecordEvidenceKind {
    fn from(kind: EvidenceKind) -> Self {
        match kind {
            EvidenceKind::Minisign => Self::Minisign,
            EvidenceKind::Cosign => Self::Cosign,
            EvidenceKind::Gpg => Self::Gpg,
            EvidenceKind::Sigstore => Self::Sigstore,
        }
    }
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// Where the bytes are not a record of a known version.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        document::read("record", bytes)
    }

    /// The bytes of the record, with a line feed at the end.
    pub fn to_bytes(&self) -> Vec<u8> {
        document::write("record", self)
    }

    /// The path of a release's record below the root of a store:
    /// `releases/<authority>/<binary>/<version>/<platform>.json`.
    pub fn path(release: &Release) -> String {
        let Release { authority, binary, slot, platform } = release;
        format!("releases/{authority}/{binary}/{slot}/{platform}.json")
    }
}

/// The path of an object below the root of a store: `objects/sha256/<2 hex>/<64 hex>`.
pub fn object_path(digest: &Digest) -> String {
    format!("objects/sha256/{}/{digest}", digest.prefix())
}

/// The path of a tree's files below the root of a store: `store/<64 hex>`.
pub fn tree_path(digest: &Digest) -> String {
    format!("store/{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes with `from` replaced, which must occur.
    fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
        let text = String::from_utf8_lossy(bytes);
        assert!(text.contains(from), "{text}");
        text.replacen(from, to, 1).into_bytes()
    }

    #[test]
    fn newer_numbers_and_repeated_keys_are_refused_in_every_document() {
        let payload = IndexPayload {
            mirror: None,
            root: None,
            serial: 1,
            issued: None,
            expires: None,
            releases: vec![],
        };
        let index = Index::unsigned(payload).to_bytes();
        let digest = Digest::of(b"");
        let evidence = RecordEvidence { kind: RecordEvidenceKind::Gpg, digest, of: digest };
        let artifacts = vec![RecordArtifact::Archive { digest }];
        let record = Record { statement: digest, artifacts, evidence: vec![evidence] }.to_bytes();
        assert!(Index::parse(&index).is_ok() && Record::parse(&record).is_ok());
        for (from, to) in [
            ("loom-index 1", "loom-index 2"),
            ("loom-index 1", "loom-record 1"),
            ("\"signatures\":", "\"schema\":\"loom-index 1\",\"signatures\":"),
            ("\\\"serial\\\":1", "\\\"serial\\\":1,\\\"serial\\\":2"),
            ("\\\"serial\\\":1", "\\\"x\\\":{\\\"a\\\":1,\\\"a\\\":1},\\\"serial\\\":1"),
        ] {
            assert!(Index::parse(&replaced(&index, from, to)).is_err(), "{to}");
        }
        for (from, to) in [
            ("loom-record 1", "loom-record 2"),
            ("\"carriers\":", "\"carriers\":[],\"carriers\":"),
            ("\"kind\":", "\"kind\":\"gpg\",\"kind\":"),
            ("\"kind\":", "\"x\":[{\"a\":1,\"a\":2}],\"kind\":"),
        ] {
            assert!(Record::parse(&replaced(&record, from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn artifacts_of_an_unknown_form_are_kept_as_such() {
        let text = format!(
            r#"{{"schema":"loom-record 1","statement":"{}","carriers":[{{"form":"frames","x":1}},{{"form":"loose"}}]}}"#,
            Digest::of(b"")
        );
        let record = Record::parse(text.as_bytes()).unwrap();
        assert_eq!(record.artifacts, [RecordArtifact::Unknown, RecordArtifact::Loose]);
    }

    #[test]
    fn evidence_of_an_unknown_kind_is_read_as_such() {
        let digest = Digest::of(b"");
        let text = format!(
            r#"{{"schema":"loom-record 1","statement":"{digest}","evidence":[
                {{"kind":"oracle","digest":"{digest}","of":"{digest}"}},
                {{"kind":"checksum","digest":"{digest}","of":"{digest}"}}]}}"#
        );
        let record = Record::parse(text.as_bytes()).unwrap();
        let kinds: Vec<_> = record.evidence.iter().map(|evidence| evidence.kind).collect();
        assert_eq!(kinds, [RecordEvidenceKind::Unknown, RecordEvidenceKind::Checksum]);
    }
}
