//! The store's documents that travel: statements, records and the index. `store-format.md` says what they mean.

use serde::{Deserialize, Serialize, de::Error as _};

use crate::{
    ArchiveFormat, Authority, Digest, EvidenceKind, Name, Platform, Product, Release, Slot,
    Version, json,
};

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, a duplicate key, a missing or malformed field.
    #[error("not a valid {kind}: {source}")]
    Malformed {
        /// `statement`, `record` or `index`.
        kind: &'static str,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// Written by a newer version of the format.
    #[error("a {kind} of schema {schema:?}, which this loom is too old to read")]
    Newer {
        /// `statement`, `record` or `index`.
        kind: &'static str,
        /// What the document says it is.
        schema: String,
    },
    /// It demands something that we do not know of.
    #[error("the statement demands {0:?}, which this loom does not know")]
    Critical(String),
}

fn read<T: serde::de::DeserializeOwned>(
    kind: &'static str,
    bytes: &[u8],
) -> Result<T, DocumentError> {
    #[derive(Deserialize)]
    struct Head {
        schema: String,
    }
    let malformed = |source| DocumentError::Malformed { kind, source };
    let Head { schema } = json::strict(bytes).map_err(malformed)?;
    if schema != format!("loom-{kind} 1") {
        return Err(match schema.strip_prefix(&format!("loom-{kind} ")) {
            Some(_) => DocumentError::Newer { kind, schema },
            None => malformed(serde_json::Error::custom(format_args!("its schema is {schema:?}"))),
        });
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

fn write<T: Serialize>(kind: &'static str, document: &T) -> Vec<u8> {
    #[derive(Serialize)]
    struct Whole<'a, T> {
        schema: String,
        #[serde(flatten)]
        document: &'a T,
    }
    // A struct of strings, numbers and lists always serialises; an empty document would be refused by every reader.
    let mut bytes = serde_json::to_vec(&Whole { schema: format!("loom-{kind} 1"), document })
        .unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// «This release is this tree, and this file is its entry»: an immutable object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Who defines the release.
    pub authority: Authority,
    /// The program.
    pub binary: Name,
    /// Its version.
    pub version: Version,
    /// Its platform.
    pub platform: Platform,
    /// The digest of the tree listing.
    pub tree: Digest,
    /// The path of the program inside the tree.
    pub entry: String,
    /// The archives that are known to unpack to this tree.
    pub archives: Vec<StatementArchive>,
    /// When the release was published (RFC 3339), where the authority says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// What a reader must understand to use this statement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub critical: Vec<String>,
}

/// An archive of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementArchive {
    /// The digest of its bytes.
    pub digest: Digest,
    /// Their number.
    pub size: u64,
    /// Its format.
    pub format: ArchiveFormat,
    /// Whether its single top folder is dropped on unpacking.
    pub strip: bool,
}

impl Statement {
    /// Reads a statement; refuses one that demands what we do not know.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let statement: Self = read("statement", bytes)?;
        match statement.critical.first() {
            Some(demand) => Err(DocumentError::Critical(demand.clone())),
            None => Ok(statement),
        }
    }

    /// The statement's bytes, ended by a line feed; their digest names it.
    pub fn to_bytes(&self) -> Vec<u8> {
        write("statement", self)
    }

    /// The release that the statement speaks of.
    pub fn release(&self) -> Release {
        Product {
            authority: self.authority.clone(),
            binary: self.binary.clone(),
            platform: self.platform,
        }
        .at_version(self.version.clone())
    }
}

/// The replaceable file under `releases/` that points to the statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The statement's digest.
    pub statement: Digest,
    /// The ways the tree can travel from here.
    #[serde(default)]
    pub carriers: Vec<RecordArtifact>,
    /// Evidence kept as objects.
    #[serde(default)]
    pub evidence: Vec<RecordEvidence>,
}

/// A carrier of a record. One of an unknown form is skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "kebab-case")]
pub enum RecordArtifact {
    /// An archive object; the statement says how it unpacks.
    Archive {
        /// Its digest, one of the statement's archives.
        digest: Digest,
    },
    /// The files of `store/<tree>/`, with the listing as an object.
    Loose,
    /// Something newer than this reader.
    #[serde(other)]
    Unknown,
}

/// Evidence about one object, itself an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordEvidence {
    /// What it is.
    pub kind: RecordEvidenceKind,
    /// The digest of the evidence's own bytes.
    pub digest: Digest,
    /// The digest of the object it speaks of.
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
            Self::Checksum | Self::Statement | Self::Unknown => None,
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
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        read("record", bytes)
    }

    /// The record's bytes, ended by a line feed.
    pub fn to_bytes(&self) -> Vec<u8> {
        write("record", self)
    }

    /// Where a release's record lies below the root of a store: `releases/<authority>/<binary>/<version>/<platform>.json`.
    pub fn path(release: &Release) -> String {
        let Release { authority, binary, slot, platform } = release;
        format!("releases/{authority}/{binary}/{slot}/{platform}.json")
    }
}

/// Where an object lies below the root of a store: `objects/sha256/<2 hex>/<64 hex>`.
pub fn object_path(digest: &Digest) -> String {
    format!("objects/sha256/{}/{digest}", digest.prefix())
}

/// Where a tree's files lie below the root of a store: `store/<64 hex>`.
pub fn tree_path(digest: &Digest) -> String {
    format!("store/{digest}")
}

/// What a mirror carries: `releases/index.json`. Payload and signatures are one file, so that they cannot be torn apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// What is said.
    pub payload: IndexPayload,
    /// By whom: not judged by the source, which hands on what it read.
    pub signatures: Vec<serde_json::Value>,
}

/// The payload of an [`Index`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexPayload {
    /// Counts up with every change.
    pub serial: u64,
    /// When it was issued (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<String>,
    /// When ranges may no longer be judged by it (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The releases.
    pub releases: Vec<IndexEntry>,
}

/// One release of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// Who defines the release.
    pub authority: Authority,
    /// The program.
    pub binary: Name,
    /// Its version.
    pub version: Version,
    /// Its platform.
    pub platform: Platform,
    /// The digest of its statement.
    pub statement: Digest,
    /// Withdrawn: still there for those who locked it, never selected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yanked: bool,
}

#[derive(Serialize, Deserialize)]
struct IndexFile {
    payload: String,
    #[serde(default)]
    signatures: Vec<serde_json::Value>,
}

impl Index {
    /// Where the index lies below the root of a mirror.
    pub const PATH: &'static str = "releases/index.json";

    /// Reads an index. The payload is a JSON text inside a JSON string: signatures are over exactly its bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        let file: IndexFile = read("index", bytes)?;
        let payload = json::strict(file.payload.as_bytes())
            .map_err(|source| DocumentError::Malformed { kind: "index", source })?;
        Ok(Self { payload, signatures: file.signatures })
    }

    /// The index's bytes, ended by a line feed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let payload = serde_json::to_string(&self.payload).unwrap_or_default();
        write("index", &IndexFile { payload, signatures: self.signatures.clone() })
    }

    /// The versions of one line that are not withdrawn.
    pub fn versions(&self, line: &Product) -> Vec<Version> {
        let of_line = |e: &&IndexEntry| {
            e.authority == line.authority
                && e.binary == line.binary
                && e.platform == line.platform
                && !e.yanked
        };
        self.payload.releases.iter().filter(of_line).map(|e| e.version.clone()).collect()
    }

    /// The entry of one release, withdrawn or not.
    pub fn entry(&self, release: &Release) -> Option<&IndexEntry> {
        self.payload.releases.iter().find(|e| {
            e.authority == release.authority
                && e.binary == release.binary
                && Slot::Version(e.version.clone()) == release.slot
                && e.platform == release.platform
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        Statement {
            authority: Authority::default(),
            binary: Name::default(),
            version: "0.2.0".parse().unwrap(),
            platform: Platform::LinuxX86_64,
            tree: Digest::of(b"tree"),
            entry: "loom-bridge-server".into(),
            archives: vec![],
            published: None,
            critical: vec![],
        }
    }

    #[test]
    fn a_statement_survives_writing_and_reading() {
        let bytes = statement().to_bytes();
        assert_eq!(Statement::parse(&bytes).unwrap(), statement());
        assert!(
            bytes.starts_with(b"{\"schema\":\"loom-statement 1\","),
            "{}",
            String::from_utf8_lossy(&bytes)
        );
    }

    #[test]
    fn newer_and_critical_statements_fail_closed() {
        let text = String::from_utf8(statement().to_bytes()).unwrap();
        let newer = text.replace("loom-statement 1", "loom-statement 2");
        assert!(matches!(Statement::parse(newer.as_bytes()), Err(DocumentError::Newer { .. })));
        let other = text.replace("loom-statement 1", "something");
        assert!(matches!(Statement::parse(other.as_bytes()), Err(DocumentError::Malformed { .. })));
        let critical = Statement { critical: vec!["moon-phase".into()], ..statement() };
        assert!(matches!(Statement::parse(&critical.to_bytes()), Err(DocumentError::Critical(_))));
    }

    #[test]
    fn a_record_skips_carriers_it_does_not_know() {
        let text = format!(
            r#"{{"schema":"loom-record 1","statement":"{}","carriers":[{{"form":"frames","x":1}},{{"form":"loose"}}]}}"#,
            Digest::of(b"")
        );
        let record = Record::parse(text.as_bytes()).unwrap();
        assert_eq!(record.carriers, [RecordArtifact::Unknown, RecordArtifact::Loose]);
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

    #[test]
    fn an_index_lists_what_is_not_withdrawn() {
        let entry = |version: &str, yanked| IndexEntry {
            authority: Authority::default(),
            binary: Name::default(),
            version: version.parse().unwrap(),
            platform: Platform::LinuxX86_64,
            statement: Digest::of(version.as_bytes()),
            yanked,
        };
        let payload = IndexPayload {
            serial: 1,
            issued: None,
            expires: None,
            releases: vec![entry("0.1.0", false), entry("0.2.0", true)],
        };
        let index = Index { payload, signatures: vec![] };
        let read = Index::parse(&index.to_bytes()).unwrap();
        assert_eq!(read, index);
        assert_eq!(read.versions(&statement().release().product()), ["0.1.0".parse().unwrap()]);
    }
}
