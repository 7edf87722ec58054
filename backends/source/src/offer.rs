//! [`Offer`]: what a source has of a release.

use std::{fmt, time::SystemTime};

use bytes::Bytes;

use crate::{AssetRef, Digest, PinnedImage, Release};

/// A release as a source offers it. Nothing in it is verified; every digest is a claim.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// The artifacts from which the release's tree can be made, the one that the source prefers first.
    pub artifacts: Vec<Artifact>,
    /// The digest that a statement claims for the tree.
    pub tree: Option<ClaimedDigest>,
    /// The bytes of the statement, where the source has the store layout.
    pub statement: Option<Bytes>,
    /// The signatures and attestations that the source has.
    pub evidence: Vec<Evidence>,
    /// The build information of a cargo build; `None` for a release.
    pub build: Option<BuildInfo>,
    /// The image that holds the release, where a registry has one: the index of all platforms, if there is one.
    pub image: Option<PinnedImage>,
}

/// A file of a release whose digest is known before a source is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    /// The file name of the release asset.
    pub name: String,
    /// The SHA-256 of its bytes.
    pub digest: Digest,
    /// Its size in bytes, where it is known.
    pub size: Option<u64>,
}

/// One form in which a source has the tree of a release.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// How the tree is made from the bytes.
    pub packaging: Packaging,
    /// The reference to open.
    pub asset: AssetRef,
    /// The size in bytes, where the source knows it.
    pub size: Option<u64>,
    /// The digests claimed for the artifact's bytes; for loose files, for the bytes of the listing.
    pub claims: Vec<ClaimedDigest>,
}

impl Artifact {
    /// The last part of the reference of the asset.
    pub fn asset_name(&self) -> &str {
        self.asset.as_str().rsplit('/').next().unwrap_or_default()
    }

    /// The file name of the artifact in a release. An object of a store and a layer of an image, which are named by their
    /// digests (`<hex>`, `<repository>@sha256:<hex>`), have the name that the archive has in a release: another digest under
    /// the same name is then a change.
    pub fn file_name(&self, release: &Release) -> String {
        let name = self.asset_name();
        let digest = name.rsplit('@').next();
        let is_digest = digest.is_some_and(|digest| digest.parse::<Digest>().is_ok());
        match (release.asset_stem().filter(|_| is_digest), &self.packaging) {
            (Some(stem), Packaging::Archive { format, .. }) => {
                format!("{stem}.{}", format.extension())
            }
            (Some(stem), _) => format!("{stem}{}", release.platform.executable_extension()),
            (None, _) => name.to_owned(),
        }
    }
}

/// How the tree of a release is made from the bytes of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packaging {
    /// An archive that is unpacked.
    Archive {
        /// The format of the archive.
        format: ArchiveFormat,
        /// Whether the single top folder is dropped, where that is recorded. `None` leaves the decision to the
        /// unpacker, which drops a top folder that holds everything else.
        strip: Option<bool>,
    },
    /// The executable itself.
    Bare,
    /// Loose files: the artifact is the listing of the tree, and its files are below `folder`.
    Loose {
        /// The reference to which each path of the listing is joined.
        folder: AssetRef,
    },
}

/// The format of an archive.
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
    /// All formats, the preferred one first.
    pub const ALL: [Self; 3] = [Self::TarZst, Self::TarGz, Self::Zip];

    /// The file name extension without its leading dot: `tar.zst`, `tar.gz`, `zip`.
    pub fn extension(self) -> &'static str {
        match self {
            Self::TarZst => "tar.zst",
            Self::TarGz => "tar.gz",
            Self::Zip => "zip",
        }
    }

    /// The format of a file by its name; `.tgz` is `.tar.gz`. `None` where the name has no such extension.
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

/// A digest that a source claims for bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedDigest {
    /// The digest.
    pub digest: Digest,
    /// What gave the digest.
    pub by: DigestSource,
    /// The URL or path at which the digest was read, without secrets; display only.
    pub at: String,
}

/// What gave a digest. None of these proves where bytes come from, only that they arrived complete.
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
    /// The manifest of an image in a registry.
    Manifest,
    /// The program of a plugin.
    Plugin,
}

impl fmt::Display for DigestSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sidecar => ".sha256 file",
            Self::Sums => "SHA256SUMS",
            Self::Statement => "statement",
            Self::Api => "release API",
            Self::Manifest => "image manifest",
            Self::Plugin => "plugin",
        })
    }
}

/// A signature or attestation that a source has, or may have.
///
/// A source that cannot list its files names those that evidence may have: opening one that does not exist is
/// [`Gone`](crate::SourceErrorKind::Gone), as if it had not been offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The kind of evidence, by the name of the file. A `.sig` may hold a cosign signature or an OpenPGP one.
    pub kind: EvidenceKind,
    /// The reference to open. A Sigstore asset may hold several bundles, one on each line.
    pub asset: AssetRef,
    /// What the evidence is about.
    pub of: EvidenceSubject,
}

/// What a signature or attestation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvidenceSubject {
    /// The bytes of an artifact of the offer: an archive, a bare program, a listing.
    Artifact(AssetRef),
    /// A `SHA256SUMS` that can be opened; it has a line for an artifact of the offer.
    Sums(AssetRef),
    /// The statement of the offer.
    Statement,
}

/// A kind of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// `.minisig`: a minisign signature.
    Minisign,
    /// `.sig`: a cosign signature with a key.
    Cosign,
    /// `.asc`: a detached, armoured OpenPGP signature.
    Gpg,
    /// `.sigstore.json`: a Sigstore bundle.
    Sigstore,
}

/// The provenance of a cargo build, for display and receipts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildInfo {
    /// The folder of the cargo profile, such as `release` or `debug`.
    pub profile: String,
    /// The modification time of the executable.
    pub built: SystemTime,
    /// The commit of the checkout, `<12 hex>` or `<12 hex>+dirty`; `None` where the checkout is no git repository.
    pub commit: Option<String>,
    /// The folder of the checkout.
    pub checkout: std::path::PathBuf,
}
