//! GitHub Releases: github.com, ghe.com and Enterprise servers.
//!
//! | module | holds |
//! |---|---|
//! | [`github`] | [`Github`], the source |
//! | [`options`] | what it is opened with |
//! | [`place`] | [`Place`]: a repository, and where its pages and its API are |
//! | [`memory`] | [`Memory`]: what is remembered from run to run, kept by the caller |
//! | `tags` | between tags and versions |
//! | `pointer` | a tag and an asset's name, as one text |
//! | `documents` | the API's answers, as far as they matter here |
//! | `pages` | what the web pages tell without costing a request of the API |
//! | `direct` | finding assets by the names they may have |
//! | `offer` | what a release that the API described offers |
//! | `listing` | all releases, page by page |
//! | `newest` | the newest release, without the API where that can be had |
//! | `api` | one request to the API |
//! | `limit` | what a refusal means, as a pure function |
//! | `budget` | how many requests are left, shared by all processes |
//!
//! The API's requests are few: 60 an hour for everybody behind one address. A pinned version whose assets have
//! `.sha256` files or a `SHA256SUMS` costs none.

mod api;
mod budget;
mod direct;
mod documents;
pub mod github;
mod limit;
mod listing;
pub mod memory;
mod newest;
mod offer;
pub mod options;
mod pages;
pub mod place;
mod pointer;
mod tags;

pub use github::Github;
pub use memory::DocumentCache;
pub use options::{GithubError, GithubOptions, GithubToken};
pub use place::{GithubRepo, GithubRepoError};
