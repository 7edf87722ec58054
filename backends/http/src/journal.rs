//! A record of requests and how long each took: it shows how a source is reached.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

/// A function that is called with each exchange.
type ExchangeObserver = dyn Fn(&Exchange) + Send + Sync;

/// Records every request of the clients that it is given to. Clones share their records.
#[derive(Clone, Default)]
pub struct Journal {
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    observer: Option<Arc<ExchangeObserver>>,
}

/// One request and its answer, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The URL without user, password, query and fragment.
    pub url: String,
    /// Scheme, host and port of the URL.
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
    /// A journal that also calls `observer` with each exchange, as soon as it is over. The function must not block.
    pub fn with_observer(observer: impl Fn(&Exchange) + Send + Sync + 'static) -> Self {
        Self { exchanges: Arc::default(), observer: Some(Arc::new(observer)) }
    }

    /// The exchanges so far, in the order of their responses.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note(&self, exchange: Exchange) {
        if let Some(observer) = &self.observer {
            observer(&exchange);
        }
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal").field("exchanges", &self.exchanges).finish_non_exhaustive()
    }
}
