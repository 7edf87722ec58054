//! A GitHub on loopback, for tests: the pages and the API of one repository, and the storage that its downloads are
//! redirected to, on a second port that answers 400 to `Authorization` as the real one does.
//!
//! | module | holds |
//! |---|---|
//! | [`server`] | [`GithubServer`]: starts it, publishes, tells what was asked |
//! | [`shelf`] | [`Shelf`]: what is published, and the rules that hold |
//! | [`faults`] | [`Fault`]: what it can be told to do wrong |
//! | [`transcript`] | [`Exchange`]: each answer of the API, for the official schema to judge |
//! | [`tls`] | [`Tls`]: a certificate of its own, for clients that insist on https |
//! | `api` · `documents` · `limit` | the REST API |
//! | `pages` | `releases/latest`, the feed, downloads |
//! | `objects` | the storage: ranges, entity tags |
//! | `wire` | HTTP/1.1 |

mod api;
mod documents;
pub mod faults;
mod limit;
mod objects;
mod pages;
pub mod server;
pub mod shelf;
pub mod tls;
pub mod transcript;
mod wire;

pub use faults::Fault;
pub use server::{GithubServer, Origin, Seen};
pub use shelf::{Asset, Release, Shelf, Shown};
pub use tls::Tls;
pub use transcript::Exchange;
