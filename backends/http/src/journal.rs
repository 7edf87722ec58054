//! [`Journal`]: records each request, with its timings.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use loom_base::LockExt as _;

/// A function that is called with each exchange.
type ExchangeObserver = dyn Fn(&Exchange) + Send + Sync;

/// Records the requests of the clients that have it in their settings. Clones share one record.
#[derive(Clone, Default)]
pub struct Journal {
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    observer: Option<Arc<ExchangeObserver>>,
}

/// A request and its response, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The URL without user, password, query and fragment.
    pub url: String,
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
    /// A journal that also calls `observer` with each exchange when it ends. The function must not block.
    pub fn with_observer(observer: impl Fn(&Exchange) + Send + Sync + 'static) -> Self {
        Self { exchanges: Arc::default(), observer: Some(Arc::new(observer)) }
    }

    /// The requests so far, in the order of their responses.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.locked().clone()
    }

    pub(crate) fn record(&self, exchange: Exchange) {
        if let Some(observer) = &self.observer {
            observer(&exchange);
        }
        self.exchanges.locked().push(exchange);
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("exchanges", &self.exchanges).finish_non_exhaustive()
    }
}
