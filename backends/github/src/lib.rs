//! Releases from GitHub: github.com, ghe.com and Enterprise servers.
//!
//! | module | holds |
//! |---|---|
//! | [`github`] | [`Github`], the source |
//! | [`options`] | [`GithubOptions`], with which a source is opened |
//! | [`github_repo`] | [`GithubRepo`]: a repository, with the URLs of its web pages and its API |
//! | [`document_cache`] | [`DocumentCache`]: documents that are kept between runs, by the caller |
//! | `tag_format` | converts between tags and versions |
//! | `asset_location` | a tag and the name of an asset, as one text |
//! | `documents` | the JSON documents of the API, as far as this crate uses them |
//! | `web_pages` | reads web pages, which cost no request to the API |
//! | `guess` | finds the assets of a release by their possible names |
//! | `near_misses` | names that almost are those of a release's assets |
//! | `offer` | the offer of a release that the API described |
//! | `attestations` | the attestations of a file, by its digest |
//! | `release_list` | all releases, page by page |
//! | `newest` | the newest release, without the API where possible |
//! | `api` | requests to the API |
//! | `refusal` | what a refusal of the API means, as a pure function |
//! | [`publish`] | [`publish::Publisher`]: publishes releases |
//! | `rate_limit` | the remaining requests, shared by all processes of a user |
//!
//! Requests to the API are limited: without a token to 60 per hour for each network address. A release that is named by
//! its version, and whose assets have `.sha256` files or a `SHA256SUMS`, is found without the API.
//!
//! # Examples
//! ```
//! use std::sync::Arc;
//!
//! use loom_github::{Github, GithubOptions, GithubRepo, document_cache::NoCache};
//! use loom_http::NetworkSettings;
//! use loom_source::{AssetNames, Source as _};
//!
//! let github = Github::open(GithubOptions {
//!     repo: GithubRepo::new("loom-os/loom", None, None)?,
//!     token: None,
//!     token_variable: Some("GITHUB_TOKEN".to_owned()),
//!     tag_prefix: "v".to_owned(),
//!     assets: AssetNames::default(),
//!     prerelease: false,
//!     evidence: false,
//!     network: NetworkSettings::default(),
//!     cache: Arc::new(NoCache),
//! })?;
//! assert_eq!(github.to_string(), "github:loom-os/loom");
//! assert!(github.capabilities().list);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api;
mod asset_location;
mod attestations;
pub mod document_cache;
mod documents;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod github;
pub mod github_repo;
mod guess;
mod near_misses;
mod newest;
mod offer;
pub mod options;
pub mod publish;
mod rate_limit;
mod refusal;
mod release_list;
mod tag_format;
mod web_pages;

pub use document_cache::DocumentCache;
pub use github::Github;
pub use github_repo::{GithubRepo, GithubRepoError};
pub use options::{GithubError, GithubOptions, GithubToken};
