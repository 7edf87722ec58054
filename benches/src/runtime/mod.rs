//! The runtime server, asked by real clients.
//!
//! | module | holds |
//! |---|---|
//! | `server` | a server under measurement: its start, its memory, its processor time |
//! | `client` | those who publish and subscribe, at Loom or at NATS |
//! | `start` | from nothing to ready, and what an idle server holds |
//! | `slow_reader` | what one subscriber that never reads costs everybody else |
//! | `fan` | one to a hundred and a hundred to one, beside `nats-server` |
//! | `sample` | figures of one kind, and their percentiles |
//!
//! Clients and servers share the machine, so absolute figures say little; ratios of runs that take turns do.

mod client;
pub(crate) mod fan;
mod sample;
mod server;
pub(crate) mod slow_reader;
pub(crate) mod start;

use std::future::Future;

use crate::Outcome;

/// Runs a measurement to its end, on as many threads as the machine has.
fn block_on<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
