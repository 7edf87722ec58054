//! What a source answers when it is asked for a release.

use std::{fmt, time::SystemTime};

use bytes::Bytes;

use crate::{AssetRef, Digest};

/// A release as one source offers it: unchecked, every digest in it a claim.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// The ways its tree can travel, the source's best first.
    pub artifacts: Vec<Artifact>,
    /// The digest of the tree, claimed by a statement or the like.
    pub tree: Option<ClaimedDigest>,
    /// The statement's bytes as the source serves them (store layout only).
    pub statement: Option<Bytes>,
    /// Where evidence lies: signatures, attestations.
    pub evidence: Vec<Evidence>,
    /// What is known of a cargo build; `None` for everything else.
    pub build: Option<BuildInfo>,
}

/// One way for a tree to travel.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// How the bytes are to be read.
    pub packaging: Packaging,
    /// What to open.
    pub asset: AssetRef,
    /// Size in bytes, where the source knows it.
    pub size: Option<u64>,
    /// Digests claimed for the carrier's own bytes (for loose files: of the listing).
    pub claims: Vec<ClaimedDigest>,
}

/// How a carrier's bytes make a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packaging {
    /// An archive. `strip` says whether its single top folder is dropped, where that is recorded;
    /// `None` leaves it to the unpacker: dropped if that is all there is.
    Archive {
        /// Its format.
        format: ArchiveFormat,
        /// Whether the top folder is dropped.
        strip: Option<bool>,
    },
    /// The entry program itself.
    Bare,
    /// Loose files: the carrier's pointer is the tree listing, the files lie below `folder`.
    Loose {
        /// The pointer's prefix to which each path of the listing is joined.
        folder: AssetRef,
    },
}

/// The archive formats, by the ending of the name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum ArchiveFormat {
    /// `.tar.zst`
    #[serde(rename = "tar.zst")]
    TarZst,
    /// `.tar.gz`
    #[serde(rename = "tar.gz")]
    TarGz,
    /// `.zip`
    #[serde(rename = "zip")]
    Zip,
}

impl ArchiveFormat {
    /// All formats, the one we would rather fetch first.
    pub const ALL: [Self; 3] = [Self::TarZst, Self::TarGz, Self::Zip];

    /// The ending without its leading dot: `tar.zst`, `tar.gz`, `zip`.
    pub fn extension(self) -> &'static str {
        match self {
            Self::TarZst => "tar.zst",
            Self::TarGz => "tar.gz",
            Self::Zip => "zip",
        }
    }

    /// The format of a file of this name (`.tgz` is read as `.tar.gz`), or `None`.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        if name.ends_with(".tgz") {
            return Some(Self::TarGz);
        }
        Self::ALL.into_iter().find(|f| name.ends_with(&format!(".{}", f.extension())))
    }
}

impl fmt::Display for ArchiveFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.extension())
    }
}

/// Somebody says that bytes have this digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDigest {
    /// The digest claimed.
    pub digest: Digest,
    /// Who says so.
    pub by: DigestSource,
    /// Where it was read, for people: a URL or path, without secrets.
    pub at: String,
}

/// Who claims a digest. None of them proves where bytes come from, only that they arrived whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestSource {
    /// A `.sha256` file beside the asset.
    Sidecar,
    /// A line of `SHA256SUMS`.
    Sums,
    /// A statement, record or index of the store layout.
    Statement,
    /// The digest that a release API computed at upload.
    Api,
    /// A third-party program.
    Plugin,
}

impl fmt::Display for DigestSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sidecar => ".sha256 file",
            Self::Sums => "SHA256SUMS",
            Self::Statement => "statement",
            Self::Api => "release API",
            Self::Plugin => "plugin",
        })
    }
}

/// Where a piece of evidence about a carrier can be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// What to open.
    pub asset: AssetRef,
}

/// The kinds of evidence, by the ending of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// `.minisig`
    Minisign,
    /// `.sig`: a cosign signature by a key
    Cosign,
    /// `.asc`: a detached, armoured OpenPGP signature
    Gpg,
    /// `.sigstore.json`: a Sigstore bundle
    Sigstore,
}

/// What is known of a cargo build, for people and for the receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildInfo {
    /// The cargo profile's folder, such as `release` or `debug`.
    pub profile: String,
    /// When the executable was last written.
    pub built: SystemTime,
    /// `<12 hex>` or `<12 hex>+dirty`, where the checkout is a git repository with a commit.
    pub commit: Option<String>,
    /// The checkout.
    pub checkout: std::path::PathBuf,
}
