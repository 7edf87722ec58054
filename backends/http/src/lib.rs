//! The one place in the workspace that builds HTTP clients.
//!
//! | module | holds |
//! |---|---|
//! | [`network_settings`] | [`NetworkSettings`]: timeouts, proxies, certificates, retry; values from the caller, never from the environment |
//! | [`get_request`] | [`GetRequest`]: a request for a file |
//! | [`client`] | [`Client`] and [`Response`]: fetches one file from one URL |
//! | `client/small_response` | [`SmallResponse`]: a small response of any status |
//! | `client/http_call` | [`HttpCall`] and [`CallResponse`]: a request of any method, for protocols that sign their requests |
//! | `client/upload` | [`UploadBody`]: a file that is sent as the body of a request |
//! | `client/send` | sends requests and follows redirects |
//! | `client/attempts` | the attempts at one request, and their limits |
//! | [`retry`] | [`RequestRetry`]: when a request is repeated, as a pure function |
//! | [`journal`] | [`Journal`]: records each request, with its timings |
//! | [`roots`] | the certificates of authorities that are trusted |
//! | `url_policy` | which URLs may be requested, and which redirects are followed |
//! | `response_head` | what a status and its headers mean, as a pure function |
//! | `checked_body` | the body: counted, timed, and not an HTML page |
//! | `document_deadline` | when a small document has to be whole |
//! | `client_error` | what an error of the client library means |
//! | `transport` | TLS, proxies and connection pools |
//! | `proxy` | which proxy is used for a URL |
//! | `connect_timings` | when the connection of a request was made, and when waiting takes too long |
//!
//! Every failure is a [`SourceError`](loom_source::SourceError) that names the URL without user, password and query.
//!
//! # Examples
//! ```
//! use loom_http::{Client, GetRequest, NetworkSettings};
//! use loom_source::SourceErrorKind;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let client = Client::new(NetworkSettings { offline: true, ..NetworkSettings::default() })?;
//! let request = GetRequest::new("https://user:secret@releases.example/format?token=t".parse()?);
//! let error = client.get_bytes(&request, 1024).await.unwrap_err();
//! assert_eq!(error.kind, SourceErrorKind::Offline);
//! assert_eq!(error.at, "https://releases.example/format");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod checked_body;
pub mod client;
mod client_error;
mod connect_timings;
mod document_deadline;
pub mod get_request;
pub mod journal;
pub mod network_settings;
mod proxy;
mod response_head;
pub mod retry;
pub mod roots;
mod transport;
mod url_policy;

pub use client::{CallResponse, Client, HttpCall, Redirects, Response, SmallResponse, UploadBody};
pub use get_request::{ChallengeHeaders, GetRequest};
pub use journal::{Exchange, Journal};
pub use network_settings::{NetworkError, NetworkSettings, ProxySettings, Roots};
pub use reqwest::{Method, header};
pub use response_head::{is_own_encoding, retry_after};
pub use retry::RequestRetry;
