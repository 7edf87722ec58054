//! [`Journal`]: records each request, with its timings.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use loom_base::LockExt as _;

/// Records the requests of the clients that have it in their settings. Clones share one record.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<Vec<Exchange>>>);

/// A request and its response, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The origin of the URL: scheme, host and port.
    pub origin: String,
    /// The URL of the proxy that was used, without user and password.
    pub via: Option<String>,
    /// Whether a redirect led to the URL.
    pub redirected: bool,
    /// Whether the request had an `Authorization` header.
    pub authorized: bool,
    /// The status of the response; `None` where there was no response.
    pub status: Option<u16>,
    /// The time to resolve the host name, where it was resolved.
    pub dns: Option<Duration>,
    /// The time to connect, with name resolution, where a new connection was made.
    pub connect: Option<Duration>,
    /// The time from the request, or from the new connection, to the headers of the response.
    pub answer: Option<Duration>,
    /// The time of this machine's clock at the response, and the time in the header `Date`.
    pub clocks: Option<(SystemTime, SystemTime)>,
}

impl Journal {
    /// The requests so far, in the order of their responses.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.0.locked().clone()
    }

    pub(crate) fn record(&self, exchange: Exchange) {
        self.0.locked().push(exchange);
    }
}
