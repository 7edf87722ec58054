//! A GitHub server for one repository: the web pages and the REST API on one port, and the storage that downloads are
//! redirected to on a second one, which answers 400 to the header `Authorization` as the real storage does.
//!
//! | module | holds |
//! |---|---|
//! | `server` | [`GithubServer`]: starts the server, publishes releases, records requests |
//! | `repository` | [`Repository`]: the releases, and the settings of the repository |
//! | `fault` | [`GithubFault`]: the faults that can be injected |
//! | `transcript` | [`ApiExchange`]: each answer of the API, to be checked against GitHub's schema |
//! | `certificate` | [`TestCertificate`]: for clients that require https |
//! | `state` | what the connections share: repository, recorded requests, pending faults |
//! | `connection` | reads the requests of one connection and answers them |
//! | `rest_api`, `api_reply`, `documents`, `rate_limit` | the REST API |
//! | `write_api` | the part of it that changes releases |
//! | `web_pages` | `releases/latest`, the feed, downloads |
//! | `storage` | the storage: ranges, entity tags |
//! | `http` | HTTP/1.1 requests and responses |

mod api_reply;
mod certificate;
mod connection;
mod documents;
mod fault;
mod http;
mod rate_limit;
mod repository;
mod rest_api;
mod server;
mod state;
mod storage;
mod transcript;
mod web_pages;
mod write_api;

pub use certificate::TestCertificate;
pub use fault::GithubFault;
pub use repository::{GithubAsset, GithubRelease, Repository, ShownDigest};
pub use server::GithubServer;
pub use state::{GithubService, SeenRequest};
pub use transcript::ApiExchange;
