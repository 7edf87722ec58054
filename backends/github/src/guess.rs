//! Finds the assets of a release by their possible names, without a request to the API.
//!
//! Each guess is a request to the web pages, whose number is limited, too. So the documented name is tried first, then
//! `SHA256SUMS`, which answers for all names at once. The guess that was right last time precedes all others.

use loom_base::redact;
use loom_source::{
    Artifact, AssetNames, ClaimedDigest, DigestSource, Offer, Packaging, Platform, Release,
    SourceError,
    asset::AssetName,
    checksum::{self, ChecksumError, SUMS_NAMES},
};

use crate::{asset_location::AssetLocation, web_pages::WebPages};

/// The longest `.sha256` file that is read, in bytes.
pub(crate) const MAX_SIDECAR: usize = 64 * 1024;

/// The longest `SHA256SUMS` that is read, in bytes.
pub(crate) const MAX_SUMS: usize = 4 * 1024 * 1024;

/// A file whose existence shows that there is an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
enum NameGuess {
    /// The `.sha256` file of one asset.
    Sidecar(AssetName),
    /// `SHA256SUMS`, or another file of the same purpose.
    Sums(&'static str),
}

impl NameGuess {
    /// The key by which the guess is kept; it is the same for all versions.
    fn key(&self) -> String {
        match self {
            Self::Sums(name) => (*name).to_owned(),
            Self::Sidecar(asset) => match &asset.packaging {
                Packaging::Archive { format, .. } => format!("{}.sha256", format.extension()),
                _ => "sha256".to_owned(),
            },
        }
    }
}

/// The offer that a guess found.
pub(crate) struct GuessedOffer {
    pub(crate) offer: Offer,
    /// The key of the guess that was right.
    pub(crate) guess: String,
}

/// Tries the guesses, that with the key `first` before all others.
pub(crate) async fn find(
    pages: &WebPages<'_>,
    assets: &AssetNames,
    release: &Release,
    tag: &str,
    first: Option<&str>,
) -> Result<Option<GuessedOffer>, SourceError> {
    let names = assets.of(release);
    for guess in guesses(release, names.clone(), first) {
        let artifacts = match &guess {
            NameGuess::Sidecar(asset) => by_sidecar(pages, tag, asset).await?,
            NameGuess::Sums(name) => by_sums(pages, &names, tag, name).await?,
        };
        if !artifacts.is_empty() {
            let offer = Offer { artifacts, ..Offer::default() };
            return Ok(Some(GuessedOffer { offer, guess: guess.key() }));
        }
    }
    Ok(None)
}

/// The guesses in their order: the names that releases are documented to have come first.
fn guesses(release: &Release, mut assets: Vec<AssetName>, first: Option<&str>) -> Vec<NameGuess> {
    let documented = match release.platform {
        Platform::WindowsX86_64 => ".zip",
        _ => ".tar.gz",
    };
    assets.sort_by_key(|asset| !asset.name.ends_with(documented));
    let mut guesses: Vec<NameGuess> = assets.into_iter().map(NameGuess::Sidecar).collect();
    guesses.insert(2.min(guesses.len()), NameGuess::Sums(SUMS_NAMES[0]));
    guesses.extend(SUMS_NAMES[1..].iter().copied().map(NameGuess::Sums));
    guesses.sort_by_key(|guess| Some(guess.key().as_str()) != first);
    guesses
}

async fn by_sidecar(
    pages: &WebPages<'_>,
    tag: &str,
    asset: &AssetName,
) -> Result<Vec<Artifact>, SourceError> {
    let location = AssetLocation::new(tag, &format!("{}.sha256", asset.name));
    let bytes = pages.get_bytes(&location, MAX_SIDECAR).await?;
    let Some(bytes) = bytes else { return Ok(Vec::new()) };
    let claim = sidecar(&bytes, asset, &redact::url(&pages.download_url(&location)))?;
    Ok(vec![artifact(tag, asset, None, vec![claim])])
}

async fn by_sums(
    pages: &WebPages<'_>,
    assets: &[AssetName],
    tag: &str,
    name: &str,
) -> Result<Vec<Artifact>, SourceError> {
    let location = AssetLocation::new(tag, name);
    let bytes = pages.get_bytes(&location, MAX_SUMS).await?;
    let Some(bytes) = bytes else { return Ok(Vec::new()) };
    let at = redact::url(&pages.download_url(&location));
    let mut artifacts = Vec::new();
    for asset in assets {
        if let Some(claim) = sums(name, &bytes, asset, &at)? {
            artifacts.push(artifact(tag, asset, None, vec![claim]));
        }
    }
    Ok(artifacts)
}

/// The digest that the `.sha256` file at `at` claims.
pub(crate) fn sidecar(
    bytes: &[u8],
    asset: &AssetName,
    at: &str,
) -> Result<ClaimedDigest, SourceError> {
    let digest = checksum::sidecar(bytes, &asset.name).map_err(|e| malformed(at, &e))?;
    Ok(ClaimedDigest { digest, by: DigestSource::Sidecar, at: at.to_owned() })
}

/// The digest that the `SHA256SUMS` (or file of another `name`) at `at` claims; `None` where the file does not name the asset.
pub(crate) fn sums(
    name: &str,
    bytes: &[u8],
    asset: &AssetName,
    at: &str,
) -> Result<Option<ClaimedDigest>, SourceError> {
    let digest = checksum::sums_in(name, bytes, &asset.name).map_err(|e| malformed(at, &e))?;
    Ok(digest.map(|digest| ClaimedDigest { digest, by: DigestSource::Sums, at: at.to_owned() }))
}

fn malformed(at: &str, error: &ChecksumError) -> SourceError {
    SourceError::malformed(at, error.to_string())
}

/// An artifact of the release with this tag.
pub(crate) fn artifact(
    tag: &str,
    asset: &AssetName,
    size: Option<u64>,
    claims: Vec<ClaimedDigest>,
) -> Artifact {
    let location = AssetLocation::new(tag, &asset.name);
    Artifact { packaging: asset.packaging.clone(), asset: location.to_ref(), size, claims }
}

#[cfg(test)]
mod tests {
    use loom_source::{Authority, Name, Product, asset};

    use super::*;

    fn keys(platform: Platform, first: Option<&str>) -> Vec<String> {
        let product =
            Product { authority: Authority::default(), binary: Name::default(), platform };
        let release = product.at_version("0.2.0".parse().unwrap());
        guesses(&release, asset::names(&release), first).iter().map(NameGuess::key).collect()
    }

    #[test]
    fn the_likeliest_guess_comes_first() {
        let linux = [
            "tar.gz.sha256",
            "tar.zst.sha256",
            "SHA256SUMS",
            "zip.sha256",
            "sha256",
            "SHA256SUMS.txt",
            "checksums.txt",
        ];
        assert_eq!(keys(Platform::LinuxX86_64, None), linux);
        assert_eq!(keys(Platform::LinuxX86_64, Some("nonsense")), linux);
        assert_eq!(
            keys(Platform::LinuxX86_64, Some("SHA256SUMS"))[..2],
            ["SHA256SUMS", "tar.gz.sha256"]
        );
        assert_eq!(keys(Platform::WindowsX86_64, None)[0], "zip.sha256");
    }
}
