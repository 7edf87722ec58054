//! The files beside an asset: checksum files and signatures.

use loom_source::{AssetRef, Digest, EvidenceKind, Source, asset::EVIDENCE_ENDINGS, checksum};

use super::{CheckProblem, download, report::PlatformReport};
use crate::release::checksum_files::{SIDECAR, SUMS};

/// The longest checksum file or signature that is read, in bytes.
pub(super) const LONGEST: usize = 1024 * 1024;

/// A signature file.
#[derive(Debug, Clone)]
pub(super) struct PublishedSignature {
    pub(super) name: String,
    pub(super) kind: EvidenceKind,
    pub(super) bytes: Vec<u8>,
}

/// The `SHA256SUMS` of a release with its signatures, downloaded once for all platforms.
#[derive(Debug, Default, Clone)]
pub(super) struct PublishedSums {
    /// The bytes; `None` where there is no such file.
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) signatures: Vec<PublishedSignature>,
}

/// The reference of a file beside an asset.
fn beside(asset: &AssetRef, name: &str) -> AssetRef {
    match asset.as_str().rsplit_once('/') {
        Some((folder, _)) => AssetRef::new(format!("{folder}/{name}")),
        None => AssetRef::new(name),
    }
}

/// The signature files of the file `name` beside an asset.
pub(super) async fn signatures(
    source: &dyn Source,
    asset: &AssetRef,
    name: &str,
) -> Result<Vec<PublishedSignature>, CheckProblem> {
    let mut found = Vec::new();
    for (ending, kind) in EVIDENCE_ENDINGS {
        let name = format!("{name}{ending}");
        if let Some(bytes) = download::small(source, &beside(asset, &name), LONGEST).await? {
            found.push(PublishedSignature { name, kind, bytes });
        }
    }
    Ok(found)
}

/// The `SHA256SUMS` beside an asset.
pub(super) async fn sums(
    source: &dyn Source,
    asset: &AssetRef,
) -> Result<PublishedSums, CheckProblem> {
    let bytes = download::small(source, &beside(asset, SUMS), LONGEST).await?;
    let signatures =
        if bytes.is_some() { signatures(source, asset, SUMS).await? } else { Vec::new() };
    Ok(PublishedSums { bytes, signatures })
}

/// Checks the two checksum files of an asset.
pub(super) async fn check_checksums(
    source: &dyn Source,
    asset: &AssetRef,
    name: &str,
    sha256: Digest,
    sums: &PublishedSums,
    report: &mut PlatformReport,
) {
    let sidecar = format!("{name}{SIDECAR}");
    let listed = match download::small(source, &beside(asset, &sidecar), LONGEST).await {
        Err(problem) => Err(problem),
        Ok(None) => Err(CheckProblem::Missing),
        Ok(Some(bytes)) => checksum::sidecar(&bytes, name)
            .map_err(|error| CheckProblem::NoDigest(error.to_string())),
    };
    judge(&sidecar, listed, sha256, report);
    let listed = match &sums.bytes {
        None => Err(CheckProblem::Missing),
        Some(bytes) => match checksum::sums(bytes, name) {
            Ok(Some(digest)) => Ok(digest),
            Ok(None) => Err(CheckProblem::NoDigest(format!("no line for {name}"))),
            Err(error) => Err(CheckProblem::NoDigest(error.to_string())),
        },
    };
    judge(SUMS, listed, sha256, report);
}

fn judge(
    file: &str,
    listed: Result<Digest, CheckProblem>,
    got: Digest,
    report: &mut PlatformReport,
) {
    match listed {
        Ok(listed) if listed == got => report.right(file, "checksum"),
        Ok(listed) => report.wrong(file, CheckProblem::OtherDigest { listed, got }),
        Err(problem) => report.wrong(file, problem),
    }
}
