//! Fetches the bytes of one artifact into a staged tree.
//!
//! | file | holds |
//! |---|---|
//! | `fetcher` | [`Fetcher`]: what fetching works with |
//! | `transfer` | [`StartedTransfer`]: opens an artifact, at the byte where an earlier transfer ended |
//! | `fetched` | [`Fetched`]: receives a started transfer |
//! | `receive` | a stream: hashed, inflated and unpacked at once |
//! | `loose` | loose files: the listing, then file after file |
//! | `build` | copies a cargo build |
//! | `body_reader` | reads a small document of a source |
//! | `pipe` · `inflate` | the threads of a transfer |
//! | `error` | [`FetchError`] |

mod body_reader;
mod build;
mod error;
mod fetched;
mod fetcher;
mod inflate;
mod loose;
mod pipe;
mod receive;
mod transfer;

pub(super) use error::{FetchError, MismatchedPart};
pub(super) use fetched::Fetched;
pub(super) use fetcher::Fetcher;
pub(super) use transfer::StartedTransfer;
