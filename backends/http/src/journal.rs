//! Who was asked, and how long that took: for those who want to know how a source is reached.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// Notes every request of the clients it is given to. Clones share their notes.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<Vec<Exchange>>>);

/// One request and its answer, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Who was asked: scheme, host and port.
    pub origin: String,
    /// The proxy in between, without user and password.
    pub via: Option<String>,
    /// Whether another answer led here.
    pub redirected: bool,
    /// Whether credentials went along.
    pub authorized: bool,
    /// The status of the answer; `None` where there was none.
    pub status: Option<u16>,
    /// How long it took to find the addresses behind the name, where that was needed.
    pub dns: Option<Duration>,
    /// How long it took until the connection stood, the name included, where a new one was needed.
    pub connect: Option<Duration>,
    /// From the request, or from the connection where a new one was needed, to the answer's headers.
    pub answer: Option<Duration>,
    /// The time of our clock at the answer, and what the server said it was.
    pub clocks: Option<(SystemTime, SystemTime)>,
}

impl Journal {
    /// What was noted so far, in the order of the answers.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note(&self, exchange: Exchange) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    }
}
