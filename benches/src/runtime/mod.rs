//! The runtime server, measured with real clients.
//!
//! | module | holds |
//! |---|---|
//! | `server` | a server under measurement: its start, its memory, its processor time |
//! | `client` | publishers and subscribers, at Loom or at NATS |
//! | `start` | the time from start to ready, and the memory of an idle server |
//! | `history` | what the history of runs costs others at a high rate |
//! | `load` | a constant load, and timed deliveries beside it |
//! | `slow_reader` | what one subscriber that never reads costs all others |
//! | `fan` | one publisher to a hundred subscribers and the reverse, beside `nats-server` |
//! | `durations` | measured durations and their percentiles |
//! | `executor` | runs asynchronous measurements from blocking code |
//!
//! Clients and servers share the machine, so absolute figures say little; ratios of alternating runs do.

mod client;
mod durations;
mod executor;
pub(crate) mod fan;
pub(crate) mod history;
mod load;
mod server;
pub(crate) mod slow_reader;
pub(crate) mod start;
