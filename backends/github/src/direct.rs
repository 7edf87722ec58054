//! Finding a pinned release by the names that its files may have: no request of the API is spent.
//!
//! Each guess is a request, and who guesses much is turned away: the documented name comes first, `SHA256SUMS`
//! answers for all names at once, and what was right last time is tried before all else.

use loom_base::redact;
use loom_source::{
    Artifact, ClaimedDigest, DigestSource, Offer, Packaging, Release, SourceError,
    asset::{self, AssetName},
    checksum::{self, ChecksumError},
};

use crate::{
    pages::Pages,
    pointer::{self, AssetLocation},
};

/// A `.sha256` file is a line.
pub(crate) const SIDECAR: usize = 64 * 1024;

/// A `SHA256SUMS` is some hundred lines.
pub(crate) const SUMS: usize = 4 * 1024 * 1024;

/// The file that holds the digests of all others.
pub(crate) const SUMS_NAME: &str = "SHA256SUMS";

/// A guess: the file whose presence tells of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    /// The `.sha256` file of one asset.
    Sidecar(AssetName),
    /// `SHA256SUMS`.
    Sums,
}

impl Way {
    /// What it is remembered by: the same for all versions.
    fn key(&self) -> String {
        match self {
            Self::Sums => SUMS_NAME.to_owned(),
            Self::Sidecar(asset) => match &asset.form {
                Packaging::Archive { format, .. } => format!("{}.sha256", format.extension()),
                _ => "sha256".to_owned(),
            },
        }
    }
}

/// What was found, and by which guess.
pub(crate) struct GuessedAsset {
    pub(crate) offer: Offer,
    pub(crate) way: String,
}

/// Guesses, the one that was right last time first.
pub(crate) async fn find(
    pages: &Pages<'_>,
    release: &Release,
    tag: &str,
    remembered: Option<&str>,
) -> Result<Option<GuessedAsset>, SourceError> {
    for way in ways(release, remembered) {
        let carriers = match &way {
            Way::Sidecar(asset) => by_sidecar(pages, tag, asset).await?,
            Way::Sums => by_sums(pages, release, tag).await?,
        };
        if !carriers.is_empty() {
            let offer = Offer { artifacts: carriers, ..Offer::default() };
            return Ok(Some(GuessedAsset { offer, way: way.key() }));
        }
    }
    Ok(None)
}

/// The guesses in their order: what releases are documented to have first.
fn ways(release: &Release, remembered: Option<&str>) -> Vec<Way> {
    let mut assets = asset::assets(release);
    let documented = |asset: &AssetName| {
        let ending = if release.platform == loom_source::Platform::WindowsX86_64 {
            ".zip"
        } else {
            ".tar.gz"
        };
        asset.name.ends_with(ending)
    };
    assets.sort_by_key(|asset| !documented(asset));
    let mut ways: Vec<Way> = assets.into_iter().map(Way::Sidecar).collect();
    ways.insert(2.min(ways.len()), Way::Sums);
    ways.sort_by_key(|way| Some(way.key().as_str()) != remembered);
    ways
}

async fn by_sidecar(
    pages: &Pages<'_>,
    tag: &str,
    asset: &AssetName,
) -> Result<Vec<Artifact>, SourceError> {
    let at = AssetLocation { tag: tag.to_owned(), name: format!("{}.sha256", asset.name) };
    let Some(bytes) = pages.small(&at, SIDECAR).await? else { return Ok(Vec::new()) };
    let claim = sidecar(&bytes, asset, &redact::url(&pages.download(&at)))?;
    Ok(vec![carrier(tag, asset, None, vec![claim])])
}

async fn by_sums(
    pages: &Pages<'_>,
    release: &Release,
    tag: &str,
) -> Result<Vec<Artifact>, SourceError> {
    let at = AssetLocation { tag: tag.to_owned(), name: SUMS_NAME.to_owned() };
    let Some(bytes) = pages.small(&at, SUMS).await? else { return Ok(Vec::new()) };
    let place = redact::url(&pages.download(&at));
    let mut carriers = Vec::new();
    for asset in asset::assets(release) {
        if let Some(claim) = sums(&bytes, &asset, &place)? {
            carriers.push(carrier(tag, &asset, None, vec![claim]));
        }
    }
    Ok(carriers)
}

/// What a `.sha256` file claims.
pub(crate) fn sidecar(
    bytes: &[u8],
    asset: &AssetName,
    at: &str,
) -> Result<ClaimedDigest, SourceError> {
    let digest = checksum::sidecar(bytes, &asset.name).map_err(|why| malformed(at, &why))?;
    Ok(ClaimedDigest { digest, by: DigestSource::Sidecar, at: at.to_owned() })
}

/// What a `SHA256SUMS` claims, if it names the asset.
pub(crate) fn sums(
    bytes: &[u8],
    asset: &AssetName,
    at: &str,
) -> Result<Option<ClaimedDigest>, SourceError> {
    let digest = checksum::sums(bytes, &asset.name).map_err(|why| malformed(at, &why))?;
    Ok(digest.map(|digest| ClaimedDigest { digest, by: DigestSource::Sums, at: at.to_owned() }))
}

fn malformed(at: &str, why: &ChecksumError) -> SourceError {
    SourceError::malformed(at, why.to_string())
}

/// A carrier of a tag's release.
pub(crate) fn carrier(
    tag: &str,
    asset: &AssetName,
    size: Option<u64>,
    claims: Vec<ClaimedDigest>,
) -> Artifact {
    Artifact { packaging: asset.form.clone(), asset: pointer::to(tag, &asset.name), size, claims }
}

#[cfg(test)]
mod tests {
    use loom_source::{Authority, Name, Platform, Product};

    use super::*;

    fn keys(platform: Platform, remembered: Option<&str>) -> Vec<String> {
        let line = Product { authority: Authority::default(), binary: Name::default(), platform };
        let release = line.at_version("0.2.0".parse().unwrap());
        ways(&release, remembered).iter().map(Way::key).collect()
    }

    #[test]
    fn the_likeliest_guess_comes_first() {
        let linux = ["tar.gz.sha256", "tar.zst.sha256", "SHA256SUMS", "zip.sha256", "sha256"];
        assert_eq!(keys(Platform::LinuxX86_64, None), linux);
        assert_eq!(keys(Platform::LinuxX86_64, Some("nonsense")), linux);
        assert_eq!(
            keys(Platform::LinuxX86_64, Some("SHA256SUMS"))[..2],
            ["SHA256SUMS", "tar.gz.sha256"]
        );
        assert_eq!(keys(Platform::WindowsX86_64, None)[0], "zip.sha256");
    }
}
