//! The one place that builds HTTP clients.
//!
//! | module | holds |
//! |---|---|
//! | [`network`] | [`Network`]: timeouts, proxies, certificates, retry: values from the caller, never the environment |
//! | [`get`] | [`Get`]: what is asked for |
//! | [`client`] | [`Client`] and [`Answer`]: one file from one address |
//! | `client/reply` | [`Reply`]: whatever is answered, for those who read refusals and redirects themselves |
//! | [`retry`] | when to ask again, as a pure function |
//! | `address` | which URLs may be requested, and which redirects are followed |
//! | `answer` | what a status and its headers mean, as a pure function |
//! | `body` | the bytes: counted, timed, and no page for people |
//! | `fault` | what the client library's errors mean |
//! | `transport` | TLS, proxies and connection pools |
//! | `proxy` | which proxy stands before an address |
//! | [`roots`] | whose certificates are trusted |
//! | `moments` | when a connection stood, and when waiting is too long |
//! | [`journal`] | [`Journal`]: who was asked, and how long that took |
//!
//! Whatever goes wrong comes out as a [`SourceError`](loom_source::SourceError) that names the address
//! without user, password or query.

mod address;
mod answer;
mod body;
pub mod client;
mod fault;
pub mod get;
pub mod journal;
mod moments;
pub mod network;
mod proxy;
pub mod retry;
pub mod roots;
mod transport;

pub use client::{CallResponse, Client, HttpCall, Redirects, Response, SmallResponse};
pub use get::GetRequest;
pub use journal::{Exchange, Journal};
pub use network::{NetworkError, NetworkSettings, ProxySettings, Roots};
pub use reqwest::{Method, header};
pub use retry::RequestRetry;
