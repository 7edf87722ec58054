//! The API's answers, as far as they matter here.

use loom_http::SmallResponse;
use loom_source::{Digest, Platform, Product, SourceError, SourceErrorKind, Version, asset};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReleaseDoc {
    pub(crate) tag_name: String,
    #[serde(default)]
    pub(crate) draft: bool,
    #[serde(default)]
    pub(crate) prerelease: bool,
    /// When it was published; drafts never were.
    #[serde(default)]
    pub(crate) published_at: Option<String>,
    #[serde(default)]
    pub(crate) assets: Vec<AssetDoc>,
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AssetDoc {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// `uploaded`, or something that is not there yet.
    pub(crate) state: String,
    pub(crate) size: u64,
    /// `sha256:…`; set at upload since June 2025, null for older ones.
    #[serde(default)]
    pub(crate) digest: Option<String>,
}

impl ReleaseDoc {
    /// A file that is there, by its name.
    pub(crate) fn asset(&self, name: &str) -> Option<&AssetDoc> {
        self.uploaded().find(|asset| asset.name == name)
    }

    /// The files that are there.
    pub(crate) fn uploaded(&self) -> impl Iterator<Item = &AssetDoc> {
        self.assets.iter().filter(|asset| asset.state == "uploaded")
    }

    /// Whether it carries a line at a version.
    pub(crate) fn carries(&self, line: &Product, version: &Version) -> bool {
        self.uploaded().any(|file| asset::version(line, &file.name).as_ref() == Some(version))
    }

    /// The platforms for which it carries a line's program at a version.
    pub(crate) fn platforms(&self, line: &Product, version: &Version) -> Vec<Platform> {
        let carries = |platform: &Platform| {
            self.carries(&Product { platform: *platform, ..line.clone() }, version)
        };
        Platform::ALL.into_iter().filter(carries).collect()
    }
}

impl AssetDoc {
    /// The digest that the server computed; `None` where it has none or one of another kind.
    pub(crate) fn sha256(&self) -> Result<Option<Digest>, String> {
        let Some(text) = self.digest.as_deref().filter(|text| text.starts_with("sha256:")) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| format!("the digest of {} is {text:?}", self.name))
    }
}

/// What a refusal says.
#[derive(Debug, Default, Deserialize)]
struct Message {
    #[serde(default)]
    message: String,
}

/// The words of a refusal, in one line; nothing where it has none.
pub(crate) fn message(reply: &SmallResponse) -> String {
    let message: Message = serde_json::from_slice(&reply.body).unwrap_or_default();
    let mut line = message.message.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(300) {
        line.truncate(end);
    }
    line
}

/// Whether an answer is a page for people: the API has none.
pub(crate) fn is_page(reply: &SmallResponse) -> bool {
    let kind = reply.headers.get("content-type").and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.trim().to_ascii_lowercase().starts_with("text/html"))
        || reply.body.trim_ascii_start().starts_with(b"<")
}

/// A document of the API.
pub(crate) fn read<T: DeserializeOwned>(at: &str, reply: &SmallResponse) -> Result<T, SourceError> {
    serde_json::from_slice(&reply.body).map_err(|error| {
        if is_page(reply) {
            SourceError::new(at, SourceErrorKind::HtmlPage)
        } else {
            SourceError::malformed(at, format!("not a response of GitHub's API: {error}"))
        }
    })
}
