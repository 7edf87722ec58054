//! Connections of clients: how many there may be, how long one may be idle, and how often it may cancel calls.
//!
//! A connection costs a descriptor, and one that never sends a complete request would cost it for ever. Each listener
//! therefore has a limit of its own, so that the connections of one cannot starve the other, and a connection without an
//! open request is closed after a while. A connection with an open request, such as an agent's event stream, is never
//! idle.
//!
//! | module | provides |
//! |---|---|
//! | [`limits`] | the limit of descriptors, and the share of each listener |
//! | [`acceptor`] | a listener that accepts within its limit |
//! | [`connection`] | an accepted connection, closed when it is idle |
//! | [`state`] | what is known of a connection: open requests, cancelled calls |
//! | [`requests`] | counts the requests of a connection |
//! | `log_gate` | one line in the log instead of many |

pub mod acceptor;
pub mod connection;
pub mod limits;
mod log_gate;
pub mod requests;
pub mod state;

pub use acceptor::Acceptor;
pub use connection::Connection;
pub use limits::ConnectionLimits;
pub use state::{ConnectionState, ConnectionTimeouts};
