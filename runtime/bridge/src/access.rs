//! Who may call: holders of the token, or, where no token is set, the user who runs the server.
//!
//! | module | provides |
//! |---|---|
//! | [`peer_check`] | [`PeerCheck`]: the decision for a new connection |
//! | [`interceptor`] | [`AccessInterceptor`]: refuses gRPC calls |
//! | `socket_table` | the owner of a connection, from `/proc/net/tcp` |
//!
//! Where no token is set, a listener on loopback can still be reached by every user of the machine. On Linux, the kernel
//! tells which user owns the other end of a connection over loopback, and connections of other users are refused unless
//! `LOOM_ALLOW_USERS` names them. A refused connection stays open: every request on it gets an answer with the reason.

pub mod interceptor;
pub mod peer_check;
mod socket_table;

pub use interceptor::AccessInterceptor;
pub use peer_check::{Admission, PeerCheck, PeerRefusal};
