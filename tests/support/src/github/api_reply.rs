//! The routes of the REST API as GitHub's description writes them, and the reply of one.

use serde_json::Value;

use super::documents;

pub(super) const ATTESTATIONS: &str = "/repos/{owner}/{repo}/attestations/{subject_digest}";
pub(super) const RELEASES: &str = "/repos/{owner}/{repo}/releases";
pub(super) const RELEASE: &str = "/repos/{owner}/{repo}/releases/{release_id}";
pub(super) const LATEST: &str = "/repos/{owner}/{repo}/releases/latest";
pub(super) const TAG: &str = "/repos/{owner}/{repo}/releases/tags/{tag}";
pub(super) const ASSETS: &str = "/repos/{owner}/{repo}/releases/{release_id}/assets";
pub(super) const ASSET: &str = "/repos/{owner}/{repo}/releases/assets/{asset_id}";
pub(super) const LIMIT: &str = "/rate_limit";
pub(super) const REF: &str = "/repos/{owner}/{repo}/git/ref/{ref}";

/// The reply of a route: a document, bytes or an error.
pub(super) struct ApiReply {
    pub(super) route: &'static str,
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Bytes instead of a document.
    pub(super) bytes: Option<Vec<u8>>,
}

impl ApiReply {
    pub(super) fn new(route: &'static str, status: u16, body: Value) -> Self {
        Self { route, status, body, headers: Vec::new(), bytes: None }
    }

    pub(super) fn error(route: &'static str, status: u16, message: &str) -> Self {
        Self::new(route, status, documents::error(message))
    }
}
