//! [`RemoteRelease`]: a release as the server describes it to those who may change it.

use serde::Deserialize;

use crate::documents::AssetDocument;

/// A release or a draft.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RemoteRelease {
    pub(super) id: u64,
    pub(super) tag_name: String,
    #[serde(default)]
    pub(super) draft: bool,
    /// Whether its assets can no longer be changed.
    #[serde(default)]
    pub(super) immutable: bool,
    /// The URL for uploads, a template whose variables are optional: `…/assets{?name,label}`.
    pub(super) upload_url: String,
    pub(super) html_url: String,
    #[serde(default)]
    pub(super) assets: Vec<AssetDocument>,
}

impl RemoteRelease {
    /// The URL for uploads without the template's variables.
    pub(super) fn upload_base(&self) -> &str {
        self.upload_url.split('{').next().unwrap_or_default()
    }
}
