//! Values and small functions that both `loom` and the Loom runtime need, each in one place.
//!
//! | module | holds |
//! |---|---|
//! | [`atomic_file`] | a file that is replaced as a whole, or not at all |
//! | [`bounded_file`] | whole files of limited size: regular files only, and never a wait |
//! | [`backoff`] | [`Backoff`]: pauses that double up to a limit, with jitter |
//! | [`byte_size`] | [`ByteSize`]: a number of bytes with a unit |
//! | [`clean`] | text of others without what changes how a terminal displays the rest |
//! | [`daily_window`] | [`DailyWindow`]: a time span of each day, in UTC |
//! | [`error_chain()`] | an error and its causes on one line |
//! | [`file_lock`] | waiting for the lock of a file, and who holds it |
//! | [`filesystem`] | the kind of the file system that a file is on |
//! | [`host_port`] | [`HostPort`]: `host:port` as text and as a value |
//! | [`loopback`] | whether a host or a URL is this machine |
//! | [`private_folder`] | folders for one user alone |
//! | [`reap`] | reaping of orphans by the first process of a container |
//! | [`redact`] | URLs without what may be secret |
//! | [`secret_run`] | what is kept of the failures of a secret run |
//! | [`stop_request`] | what a signal means where several arrive |
//! | [`sync`] | mutexes whose poison is ignored |
//! | [`time`] | RFC 3339 timestamps and ages in words |
//! | [`token`] | random tokens from the operating system |
//!
//! This crate is the lowest layer: it imports no other crate of the workspace, reads no environment variable and
//! opens no socket.

pub mod atomic_file;
pub mod backoff;
pub mod bounded_file;
pub mod byte_size;
pub mod clean;
pub mod daily_window;
mod error_chain;
pub mod file_lock;
pub mod filesystem;
pub mod host_port;
pub mod loopback;
pub mod private_folder;
pub mod reap;
pub mod redact;
pub mod secret_run;
pub mod stop_request;
pub mod sync;
pub mod time;
pub mod token;

pub use backoff::Backoff;
pub use byte_size::{ByteSize, ByteSizeError};
pub use daily_window::{DailyWindow, DailyWindowError};
pub use error_chain::error_chain;
pub use host_port::{HostPort, HostPortError};
pub use stop_request::{StopRequest, StopRequests};
pub use sync::LockExt;
