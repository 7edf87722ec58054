//! Starts, watches and stops a runtime. Takes plain values; knows no store, source or configuration file.
//!
//! `up` starts a **supervisor** ([`supervise()`]), a process that owns one server, its log and its folder in the
//! state; it reports when the server answers, and goes on after `up` has left. Whoever wants to know or to end
//! something speaks to the supervisor.
//!
//! | module | does |
//! |---|---|
//! | `values` | [`Launch`], what there is to start |
//! | `start` | [`up`]: starts a supervisor, or finds what runs; [`Started`] |
//! | `attend` | waits in the foreground, with an ear for signals |
//! | `look`, `down`, `restart` | [`running`], [`down()`], [`restart()`] |
//! | `orphan` | servers whose supervisor was killed |
//! | `end` | [`ends`]: servers that ended though nobody had asked them to |
//! | `supervise` | the supervisor |
//! | `inbox`, `reporter` | what makes it act, and where it says what became of the server |
//! | `control`, `channel` | what it is asked, and over what |
//! | `runtime` | the trait behind which servers run; here: processes |
//! | `ports`, `owner` | free and taken ports, and who has them |
//! | `ready`, `probe` | when a server is ready |
//! | `folder`, `document`, `settings`, `spec`, `log` | what is kept of an instance, and said about it |
//! | `system` | what differs between operating systems |
//!
//! **Alive** is an instance whose lock is held. The supervisor takes it and the server inherits it, like the lease of
//! its tree: both end with the last of the two, whoever was killed. A server that lost its supervisor runs on as
//! [`State::Orphaned`] until `down` ends it.

mod attend;
mod channel;
mod control;
mod document;
mod down;
mod end;
mod error;
mod folder;
mod inbox;
mod log;
mod look;
mod orphan;
mod owner;
mod ports;
mod probe;
mod ready;
mod reporter;
mod restart;
mod runtime;
mod settings;
mod spec;
mod start;
mod supervise;
mod system;
mod values;

pub use document::{BridgeAddress, DashboardAddress, Instance, RuntimeDocument, RuntimeState};
pub use down::{Downed, down};
pub use end::{EndRecord, ends};
pub use error::{Ended, LaunchError, Port, StartFailure};
pub use log::{LogFollower, tail};
pub use look::{Scope, lives, log_of, running};
pub use owner::{Owner, of as port_owner};
pub use restart::{launch_args, restart};
pub use settings::{Difference, RequestedSettings};
pub use start::{Started, Up, agree, up};
pub use supervise::supervise;
pub use values::{Endpoint, Launch, LaunchKind, Launcher};
