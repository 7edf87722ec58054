//! What a repository is opened with.

use std::sync::Arc;

use loom_http::{NetworkError, NetworkSettings};
use secrecy::SecretString;

use crate::{DocumentCache, GithubRepo};

/// How a repository's releases are opened.
#[derive(Debug, Clone)]
pub struct GithubOptions {
    /// Where they are.
    pub repo: GithubRepo,
    /// Who asks; sent to the API's host only, never across a redirect.
    pub token: Option<GithubToken>,
    /// The environment variable that would hold a token, for errors where one would help; `None` where the source is
    /// configured with none.
    pub token_variable: Option<String>,
    /// What stands before the version in a tag.
    pub tag_prefix: String,
    /// Whether releases that are marked as pre-releases count as releases.
    pub prerelease: bool,
    /// Whether signatures and attestations are wanted: only the API tells where they are.
    pub evidence: bool,
    /// How the network may be used.
    pub network: NetworkSettings,
    /// What is remembered from run to run.
    pub cache: Arc<dyn DocumentCache>,
}

/// A token, and where it was found.
#[derive(Debug, Clone)]
pub struct GithubToken {
    /// The token.
    pub value: SecretString,
    /// The variable that held it, for messages.
    pub from: String,
}

/// A repository that cannot be opened: a mistake in the settings.
#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// Network settings that no client can be built from.
    #[error("the network settings of {place} cannot be used")]
    Network {
        /// The repository.
        place: String,
        /// Which, and why.
        source: NetworkError,
    },
    /// A token that no header can hold.
    #[error("the token in {from} holds characters that no token has")]
    Token {
        /// The variable that holds it.
        from: String,
    },
    /// A token would travel in the clear.
    #[error("{place} is asked over plain http: the token in {from} is not sent there")]
    PlainToken {
        /// The repository.
        place: String,
        /// The variable that holds it.
        from: String,
    },
}
