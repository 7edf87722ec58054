//! What is known of a connection: open requests, cancelled calls.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use loom_base::LockExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::access::Admission;

/// The calls that a client may cancel on one connection within [`CANCEL_WINDOW`]. Beyond it the connection takes no new
/// calls: a client that opens and cancels calls without end costs more than it pays.
const MAX_CANCELLED: u32 = 1024;
/// See [`MAX_CANCELLED`].
const CANCEL_WINDOW: Duration = Duration::from_secs(10);
/// The number of cancelled calls beyond which the connection is cut: the client ignores that it takes no new calls.
const MAX_CANCELLED_IN_ALL: u32 = 8192;

/// How long a connection may be without an open request.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionTimeouts {
    /// Before its first request.
    pub first_request: Duration,
    /// After its last request.
    pub idle: Duration,
}

/// What is known of one connection. Clones share it.
#[derive(Debug, Clone)]
pub struct ConnectionState(Arc<ConnectionFacts>);

#[derive(Debug)]
struct ConnectionFacts {
    timeouts: ConnectionTimeouts,
    /// Whether the peer is admitted, once that is known.
    admission: OnceLock<Admission>,
    requests: Mutex<RequestCounts>,
    /// Cancelled when the connection should take no new requests, and when it is closed.
    closing: CancellationToken,
    /// Set when the connection is to be cut.
    is_cut: AtomicBool,
}

#[derive(Debug)]
struct RequestCounts {
    open: usize,
    has_had_any: bool,
    /// When the connection was made or its last request ended; of no account while one is open.
    idle_since: Instant,
    window_start: Instant,
    cancelled_in_window: u32,
    cancelled: u32,
}

/// An open request of a connection. Dropping it without [`OpenRequest::complete`] counts as cancelled.
#[derive(Debug)]
pub struct OpenRequest {
    state: ConnectionState,
    is_complete: bool,
}

/// What to do with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleCheck {
    /// Keep it, and check again then.
    CheckAt(Instant),
    /// Close it.
    Close,
}

impl ConnectionState {
    /// The state of a connection that is made now.
    pub fn new(timeouts: ConnectionTimeouts) -> Self {
        let now = Instant::now();
        let requests = Mutex::new(RequestCounts {
            open: 0,
            has_had_any: false,
            idle_since: now,
            window_start: now,
            cancelled_in_window: 0,
            cancelled: 0,
        });
        let closing = CancellationToken::new();
        Self(Arc::new(ConnectionFacts {
            timeouts,
            admission: OnceLock::new(),
            requests,
            closing,
            is_cut: AtomicBool::new(false),
        }))
    }

    /// Records whether the peer is admitted. The first decision counts.
    pub fn set_admission(&self, admission: Admission) {
        _ = self.0.admission.set(admission);
    }

    /// Whether the peer is admitted; `None` if that was not checked.
    pub fn admission(&self) -> Option<Admission> {
        self.0.admission.get().copied()
    }

    /// Counts a request until the returned value is dropped.
    pub fn begin(&self) -> OpenRequest {
        let mut requests = self.0.requests.locked();
        requests.open += 1;
        requests.has_had_any = true;
        drop(requests);
        OpenRequest { state: self.clone(), is_complete: false }
    }

    /// Whether the connection has been idle for too long at `now`.
    pub fn check(&self, now: Instant) -> IdleCheck {
        let timeouts = self.0.timeouts;
        let requests = self.0.requests.locked();
        if requests.open > 0 {
            return IdleCheck::CheckAt(now + timeouts.idle);
        }
        let limit = if requests.has_had_any { timeouts.idle } else { timeouts.first_request };
        let end = requests.idle_since + limit;
        if now < end { IdleCheck::CheckAt(end) } else { IdleCheck::Close }
    }

    /// Whether the connection has had a request.
    pub fn has_had_requests(&self) -> bool {
        self.0.requests.locked().has_had_any
    }

    /// Asks for no new requests on this connection.
    pub fn close(&self) {
        self.0.closing.cancel();
    }

    /// Resolves when the connection should take no new requests, or is closed.
    pub async fn closing(&self) {
        self.0.closing.cancelled().await;
    }

    /// Whether [`ConnectionState::close`] was called.
    pub fn is_closing(&self) -> bool {
        self.0.closing.is_cancelled()
    }

    /// Whether the connection is to be cut.
    pub fn is_cut(&self) -> bool {
        self.0.is_cut.load(Ordering::Relaxed)
    }

    fn end(&self, is_complete: bool, now: Instant) {
        let mut requests = self.0.requests.locked();
        requests.open -= 1;
        requests.idle_since = now;
        if is_complete {
            return;
        }
        if now - requests.window_start > CANCEL_WINDOW {
            requests.window_start = now;
            requests.cancelled_in_window = 0;
        }
        requests.cancelled += 1;
        requests.cancelled_in_window += 1;
        let is_too_many = requests.cancelled_in_window > MAX_CANCELLED;
        let is_cut = self.is_closing() && requests.cancelled > MAX_CANCELLED_IN_ALL;
        drop(requests);
        if is_too_many && !self.is_closing() {
            tracing::warn!(
                "a connection takes no new calls: its client cancelled more than {MAX_CANCELLED} within {CANCEL_WINDOW:?}"
            );
            self.close();
        }
        if is_cut {
            self.0.is_cut.store(true, Ordering::Relaxed);
        }
    }
}

impl OpenRequest {
    /// The request was answered completely.
    pub fn complete(&mut self) {
        self.is_complete = true;
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.state.end(self.is_complete, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUTS: ConnectionTimeouts = ConnectionTimeouts {
        first_request: Duration::from_secs(10),
        idle: Duration::from_secs(60),
    };

    fn after(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_with_an_open_request_is_never_idle() {
        let state = ConnectionState::new(TIMEOUTS);
        let end = after(10);
        assert_eq!(state.check(after(9)), IdleCheck::CheckAt(end));
        assert_eq!(state.check(end), IdleCheck::Close);
        let mut stream = state.begin();
        drop(state.begin());
        assert_eq!(state.check(after(1000)), IdleCheck::CheckAt(after(1060)));
        tokio::time::advance(Duration::from_secs(1000)).await;
        stream.complete();
        drop(stream);
        assert_eq!(state.check(after(59)), IdleCheck::CheckAt(after(60)));
        assert_eq!(state.check(after(60)), IdleCheck::Close);
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_cancelled_calls_within_ten_seconds_close_a_connection() {
        let state = ConnectionState::new(TIMEOUTS);
        let cancel = |count| (0..count).for_each(|_| drop(state.begin()));
        cancel(MAX_CANCELLED);
        state.begin().complete();
        tokio::time::advance(CANCEL_WINDOW + Duration::from_millis(1)).await;
        cancel(MAX_CANCELLED);
        assert!(!state.is_closing());
        cancel(1);
        assert!(state.is_closing() && !state.is_cut());
        cancel(MAX_CANCELLED_IN_ALL);
        assert!(state.is_cut(), "the client goes on nevertheless");
    }
}
