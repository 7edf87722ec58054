//! [`GithubOptions`], with which a source is opened.

use std::sync::Arc;

use loom_http::{NetworkError, NetworkSettings};
use loom_source::AssetNames;
use secrecy::SecretString;

use crate::{document_cache::DocumentCache, github_repo::GithubRepo};

/// The options with which a [`Github`](crate::Github) is opened.
#[derive(Debug, Clone)]
pub struct GithubOptions {
    /// The repository.
    pub repo: GithubRepo,
    /// The token; it is sent to the host of the API only, never across a redirect.
    pub token: Option<GithubToken>,
    /// The environment variable that would hold a token, for errors where one would help; `None` where the source is
    /// configured with none.
    pub token_variable: Option<String>,
    /// The text before the version in tags.
    pub tag_prefix: String,
    /// The names of the assets.
    pub assets: AssetNames,
    /// Whether releases that are marked as pre-releases count as releases.
    pub prerelease: bool,
    /// Whether signatures and attestations are needed: only the API lists them.
    pub evidence: bool,
    /// How the network is used.
    pub network: NetworkSettings,
    /// The documents that are kept between runs.
    pub cache: Arc<dyn DocumentCache>,
}

/// A token, and the variable that it comes from.
#[derive(Debug, Clone)]
pub struct GithubToken {
    /// The token.
    pub value: SecretString,
    /// The environment variable that holds the token, for errors.
    pub from: String,
}

/// An option cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// No client can be built with the network settings.
    #[error("the network settings of {repo} cannot be used")]
    Network {
        /// The repository.
        repo: String,
        /// The setting that cannot be used.
        source: NetworkError,
    },
    /// The token is not the value of a header.
    #[error("the token in {from} has characters that HTTP does not allow")]
    Token {
        /// The environment variable that holds the token.
        from: String,
    },
    /// The token would be sent without encryption.
    #[error("the token in {from} is not sent to {repo}: http:// is not encrypted")]
    PlainToken {
        /// The repository.
        repo: String,
        /// The environment variable that holds the token.
        from: String,
    },
}
