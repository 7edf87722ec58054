//! The JSON documents of the API, as far as this crate uses them.

use loom_http::SmallResponse;
use loom_source::{AssetNames, Digest, Platform, Product, SourceError, SourceErrorKind, Version};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

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

/// Reads a document of the API.
pub(crate) fn read<T: DeserializeOwned>(
    at: &str,
    response: &SmallResponse,
) -> Result<T, SourceError> {
    serde_json::from_slice(&response.body).map_err(|error| {
        if is_html(response) {
            SourceError::new(at, SourceErrorKind::HtmlPage)
        } else {
            SourceError::malformed(at, format!("not a document of GitHub's API: {error}"))
        }
    })
}
