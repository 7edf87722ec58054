//! Releases that are published, and what a source has of them.

use std::fs;

use flate2::{Compression, write::GzEncoder};
use loom_oci::{
    ImagePublisher, ImageWriteError, Oci, OciLocation, OciOptions,
    publish::{ImageEvidence, ImageEvidenceSubject, ImageVersion, PublishedImages, ReleaseImage},
};
use loom_source::{
    ArchiveFormat, Authority, Digest, EvidenceKind, EvidenceSubject, Name, Platform, Source as _,
    Statement, record::StatementArchive,
};
use tempfile::TempDir;

use crate::support::{PREFIX, read};

pub(crate) const LINUX: Platform = Platform::LinuxX86_64;
pub(crate) const MACOS: Platform = Platform::MacosAarch64;

/// The archives of releases, in a folder.
pub(crate) struct Releases(pub(crate) TempDir);

impl Releases {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The release 0.2.0 of a platform, whose program has this text.
    pub(crate) fn release(&self, platform: Platform, text: &str) -> ReleaseImage {
        self.of_version("0.2.0", platform, text)
    }

    /// A release of a platform, whose program has this text.
    pub(crate) fn of_version(&self, version: &str, platform: Platform, text: &str) -> ReleaseImage {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o755);
        header.set_cksum();
        tar.append_data(&mut header, "top/loom-bridge-server", text.as_bytes()).unwrap();
        let bytes = tar.into_inner().unwrap().finish().unwrap();
        let archive = StatementArchive {
            digest: Digest::of(&bytes),
            size: bytes.len() as u64,
            format: ArchiveFormat::TarGz,
            strip: true,
        };
        self.of(version, platform, bytes, vec![archive])
    }

    pub(crate) fn of(
        &self,
        version: &str,
        platform: Platform,
        bytes: Vec<u8>,
        archives: Vec<StatementArchive>,
    ) -> ReleaseImage {
        let statement = Statement {
            authority: Authority::default(),
            binary: Name::default(),
            version: version.parse().unwrap(),
            platform,
            tree: Digest::of(&bytes),
            entry: "loom-bridge-server".to_owned(),
            archives,
            published: None,
            critical: Vec::new(),
        };
        let digest = Digest::of(&bytes);
        let file = self.0.path().join(digest.to_string());
        fs::write(&file, bytes).unwrap();
        ReleaseImage {
            statement: statement.to_bytes().into(),
            digest,
            file,
            evidence: Vec::new(),
            sboms: Vec::new(),
            revision: None,
            runtime_layer: None,
            original: None,
        }
    }
}

pub(crate) fn version(releases: &[ReleaseImage]) -> ImageVersion {
    ImageVersion {
        binary: Name::default(),
        version: "0.2.0".parse().unwrap(),
        releases: releases.to_vec(),
    }
}

pub(crate) fn publisher(address: &str, options: OciOptions) -> ImagePublisher {
    let url = format!("oci://{address}/{PREFIX}").parse().unwrap();
    ImagePublisher::open(OciLocation::Registry(url), options).unwrap()
}

pub(crate) async fn publish(
    publisher: &ImagePublisher,
    releases: &[ReleaseImage],
) -> Result<PublishedImages, ImageWriteError> {
    publisher.publish(&version(releases)).await
}

/// Asserts that a source has the release as it was published.
pub(crate) async fn check(source: &Oci, published: &ReleaseImage) {
    let statement = Statement::parse(&published.statement).unwrap();
    let offer = source.find(&statement.release()).await.unwrap().unwrap();
    assert_eq!(offer.statement.as_ref(), Some(&published.statement));
    let [artifact] = offer.artifacts.as_slice() else { panic!("{:?}", offer.artifacts) };
    assert_eq!(artifact.claims[0].digest, published.digest);
    let bytes = read(source, &artifact.asset, 0).await.unwrap();
    assert_eq!(bytes, fs::read(&published.file).unwrap());
}

/// A signature, a bundle and the signature of a `SHA256SUMS`.
pub(crate) fn signed(mut release: ReleaseImage) -> ReleaseImage {
    let evidence = |kind, text: &'static str, of| ImageEvidence { kind, bytes: text.into(), of };
    let sums = format!("{}  x\n", release.digest);
    release.evidence = vec![
        evidence(EvidenceKind::Minisign, "a", ImageEvidenceSubject::Asset(release.digest)),
        evidence(EvidenceKind::Sigstore, "b", ImageEvidenceSubject::Statement),
        evidence(EvidenceKind::Gpg, "c", ImageEvidenceSubject::Sums(sums.into())),
    ];
    release
}

/// Asserts that a source offers the three signatures.
pub(crate) async fn check_evidence(source: &Oci, release: &ReleaseImage) {
    let statement = Statement::parse(&release.statement).unwrap();
    let offer = source.find(&statement.release()).await.unwrap().unwrap();
    let mut found = Vec::new();
    for one in &offer.evidence {
        let bytes = read(source, &one.asset, 0).await.unwrap();
        let of = match &one.of {
            EvidenceSubject::Artifact(asset) => {
                format!("asset {}", *asset == offer.artifacts[0].asset)
            }
            EvidenceSubject::Statement => "statement".to_owned(),
            EvidenceSubject::Sums(asset) => {
                String::from_utf8(read(source, asset, 0).await.unwrap()).unwrap()
            }
        };
        found.push((one.kind, String::from_utf8(bytes).unwrap(), of));
    }
    found.sort_by_key(|(_, text, _)| text.clone());
    let sums = format!("{}  x\n", release.digest);
    let expected = [
        (EvidenceKind::Minisign, "a", "asset true"),
        (EvidenceKind::Sigstore, "b", "statement"),
        (EvidenceKind::Gpg, "c", sums.as_str()),
    ];
    assert_eq!(found, expected.map(|(kind, text, of)| (kind, text.to_owned(), of.to_owned())));
}

pub(crate) fn with_evidence() -> OciOptions {
    OciOptions { evidence: true, ..OciOptions::default() }
}
