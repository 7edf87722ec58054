//! The JSON documents of the API, as far as this crate uses them.

use loom_http::SmallResponse;
use loom_source::{
    AssetNames, Digest, Platform, Product, SkippedEntries, SourceError, SourceErrorKind, Version,
    json,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The largest number of releases on a page, as requested.
pub(crate) const MAX_RELEASES: usize = 100;

/// The largest number of files of a release: GitHub allows no more.
const MAX_ASSETS: usize = 1000;

/// The longest text in a release that is kept, in bytes: names, tags, digests.
const MAX_TEXT: usize = 512;

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReleaseDocument {
    pub(crate) tag_name: String,
    #[serde(default)]
    pub(crate) draft: bool,
    #[serde(default)]
    pub(crate) prerelease: bool,
    /// The time of publication (RFC 3339); null for drafts.
    #[serde(default)]
    pub(crate) published_at: Option<String>,
    #[serde(default)]
    pub(crate) assets: Vec<AssetDocument>,
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AssetDocument {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// `uploaded`, or the state of an upload that is not complete.
    pub(crate) state: String,
    pub(crate) size: u64,
    /// `sha256:…` for files uploaded since June 2025, else null.
    #[serde(default)]
    pub(crate) digest: Option<String>,
}

impl ReleaseDocument {
    /// The uploaded file with this name.
    pub(crate) fn asset(&self, name: &str) -> Option<&AssetDocument> {
        self.uploaded().find(|asset| asset.name == name)
    }

    /// The files whose upload is complete.
    pub(crate) fn uploaded(&self) -> impl Iterator<Item = &AssetDocument> {
        self.assets.iter().filter(|asset| asset.state == "uploaded")
    }

    /// Whether the release has a product at a version.
    pub(crate) fn has(&self, names: &AssetNames, product: &Product, version: &Version) -> bool {
        self.uploaded().any(|file| names.has(product, version, &file.name))
    }

    /// The platforms for which the release has the binary of a product at a version.
    pub(crate) fn platforms(
        &self,
        names: &AssetNames,
        product: &Product,
        version: &Version,
    ) -> Vec<Platform> {
        let has = |platform: &Platform| {
            self.has(names, &Product { platform: *platform, ..product.clone() }, version)
        };
        Platform::ALL.into_iter().filter(has).collect()
    }
}

impl AssetDocument {
    /// The SHA-256 digest that the server computed; `None` where it has none, or one of another kind.
    pub(crate) fn sha256(&self) -> Result<Option<Digest>, String> {
        let Some(text) = self.digest.as_deref().filter(|text| text.starts_with("sha256:")) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| format!("the digest of {} is {text:?}", self.name))
    }
}

/// The document of a refusal.
#[derive(Debug, Default, Deserialize)]
struct RefusalDocument {
    #[serde(default)]
    message: String,
}

/// The message of a refusal on one line; empty where it has none.
pub(crate) fn message(response: &SmallResponse) -> String {
    let document: RefusalDocument = serde_json::from_slice(&response.body).unwrap_or_default();
    let mut line = document.message.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(300) {
        line.truncate(end);
    }
    line
}

/// Whether a response is an HTML page. The API itself sends none.
pub(crate) fn is_html(response: &SmallResponse) -> bool {
    let media_type = response.headers.get("content-type").and_then(|value| value.to_str().ok());
    media_type.is_some_and(|text| text.trim().to_ascii_lowercase().starts_with("text/html"))
        || response.body.trim_ascii_start().starts_with(b"<")
}

/// A page of releases, each as its text.
#[derive(Deserialize)]
#[serde(transparent)]
struct PageText<'a>(
    #[serde(borrow, deserialize_with = "json::at_most::<MAX_RELEASES, _, _>")] Vec<&'a RawValue>,
);

/// A release with its files as texts.
#[derive(Deserialize)]
struct ReleaseText<'a> {
    tag_name: String,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    prerelease: bool,
    #[serde(default)]
    published_at: Option<String>,
    #[serde(default, borrow, deserialize_with = "json::at_most::<MAX_ASSETS, _, _>")]
    assets: Vec<&'a RawValue>,
}

/// Reads a page of releases. Releases that cannot be read are left out, and added to `skipped`.
pub(crate) fn read_page(
    at: &str,
    response: &SmallResponse,
    skipped: &SkippedEntries,
) -> Result<Vec<ReleaseDocument>, SourceError> {
    let PageText(texts) = read(at, response)?;
    let release = |text: &RawValue| match release(text.get(), skipped) {
        Ok(release) => Some(release),
        Err(why) => {
            skipped.add(text.get(), why);
            None
        }
    };
    Ok(texts.into_iter().filter_map(release).collect())
}

/// Reads a release. Files of it that cannot be read are left out, and added to `skipped`.
pub(crate) fn read_release(
    at: &str,
    response: &SmallResponse,
    skipped: &SkippedEntries,
) -> Result<ReleaseDocument, SourceError> {
    let text: &RawValue = read(at, response)?;
    release(text.get(), skipped)
        .map_err(|why| SourceError::malformed(at, format!("not a document of GitHub's API: {why}")))
}

fn release(text: &str, skipped: &SkippedEntries) -> Result<ReleaseDocument, String> {
    let text: ReleaseText<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let ReleaseText { tag_name, draft, prerelease, published_at, assets } = text;
    if tag_name.len() > MAX_TEXT || published_at.as_ref().is_some_and(|at| at.len() > MAX_TEXT) {
        return Err(format!("a text has more than {MAX_TEXT} bytes"));
    }
    let asset = |text: &RawValue| match asset(text.get()) {
        Ok(asset) => Some(asset),
        Err(why) => {
            skipped.add(&format!("{tag_name}: {}", text.get()), why);
            None
        }
    };
    let assets = assets.into_iter().filter_map(asset).collect();
    Ok(ReleaseDocument { tag_name, draft, prerelease, published_at, assets })
}

fn asset(text: &str) -> Result<AssetDocument, String> {
    let asset: AssetDocument = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let texts = [Some(&asset.name), Some(&asset.state), asset.digest.as_ref()];
    if texts.into_iter().flatten().any(|text| text.len() > MAX_TEXT) {
        return Err(format!("a text has more than {MAX_TEXT} bytes"));
    }
    Ok(asset)
}

/// Reads a document of the API.
fn read<'a, T: Deserialize<'a>>(at: &str, response: &'a SmallResponse) -> Result<T, SourceError> {
    serde_json::from_slice(&response.body).map_err(|error| {
        if is_html(response) {
            SourceError::new(at, SourceErrorKind::HtmlPage)
        } else {
            SourceError::malformed(at, format!("not a document of GitHub's API: {error}"))
        }
    })
}
