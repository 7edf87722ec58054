//! When the connection of a request was made, and when waiting for it or for the response takes too long.
//!
//! The client library does not report when it connects. A layer around its connector and a resolver of our own do.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use futures::future::{Either, select};
use loom_base::LockExt as _;
use loom_source::process_clock::{self, Wait};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::{sync::Notify, time::Instant};
use tower::{Layer, Service};

tokio::task_local! {
    /// The request for which a connection is made.
    static REQUEST: ConnectTimings;
}

/// The times of one request's connection. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct ConnectTimings {
    begun: Instant,
    times: Arc<Mutex<ConnectTimes>>,
    /// Notified when a connection is begun and when it is made: another timeout applies from then on.
    changed: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, Default)]
struct ConnectTimes {
    /// When the connection was begun.
    connecting: Option<Instant>,
    /// The time that name resolution took.
    resolved: Option<Duration>,
    /// When the connection was made.
    connected: Option<Instant>,
    /// When the last part of the request's body was taken.
    sent: Option<Instant>,
}

/// The timeout that elapsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeoutKind {
    /// The one for the connection.
    Connect,
    /// The one for the response.
    Response,
}

/// The timeouts of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// The longest time for a new connection.
    pub(crate) connect: Duration,
    /// The longest time from the request, from the new connection, or from the last part of a body that is sent, to the
    /// headers of the response.
    pub(crate) response: Duration,
    /// When both elapse at the latest: earlier attempts at the same request have used some of the time, or a small
    /// document has to be whole.
    pub(crate) until: Option<Instant>,
}

impl ConnectTimings {
    /// The times of a request that begins now.
    pub(crate) fn begin() -> Self {
        Self { begun: process_clock::now(), times: Arc::default(), changed: Arc::default() }
    }

    /// Drives a request; the connections that it makes are recorded here.
    pub(crate) fn during<F: Future>(&self, request: F) -> impl Future<Output = F::Output> {
        REQUEST.scope(self.clone(), request)
    }

    /// Returns when one of the timeouts has elapsed.
    pub(crate) async fn elapse(&self, timeouts: Timeouts) -> TimeoutKind {
        loop {
            let (due, kind) = self.due(timeouts);
            let until = timeouts.until.map_or(due, |until| until.min(due));
            let mut wait = Wait::until(until);
            let changed = pin!(self.changed.notified());
            let elapsed = pin!(wait.elapsed());
            if let Either::Left(_) = select(elapsed, changed).await
                // A part of the body may have been sent meanwhile.
                && (self.due(timeouts) == (due, kind) || until < due)
            {
                return kind;
            }
        }
    }

    fn due(&self, timeouts: Timeouts) -> (Instant, TimeoutKind) {
        let times = *self.times.locked();
        match (times.connecting, times.connected.max(times.sent)) {
            (Some(since), None) => (since + timeouts.connect, TimeoutKind::Connect),
            (_, Some(since)) => (since + timeouts.response, TimeoutKind::Response),
            (None, None) => (self.begun + timeouts.response, TimeoutKind::Response),
        }
    }

    /// Records that a part of the request's body was taken: the time for the response begins again.
    pub(crate) fn sent(&self) {
        self.times.locked().sent = Some(process_clock::now());
    }

    /// The time that name resolution took, where a name was resolved.
    pub(crate) fn dns(&self) -> Option<Duration> {
        self.times.locked().resolved
    }

    /// The time that the connection took, where a new one was made.
    pub(crate) fn connect(&self) -> Option<Duration> {
        let times = *self.times.locked();
        Some(times.connected? - times.connecting?)
    }

    /// The time since the request could be sent.
    pub(crate) fn response(&self) -> Duration {
        process_clock::now().duration_since(self.times.locked().connected.unwrap_or(self.begun))
    }
}

/// The layer around the library's connector that records when a connection is begun and made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectWatch;

/// The connector with that layer.
#[derive(Debug, Clone)]
pub(crate) struct WatchedConnector<S>(S);

impl<S> Layer<S> for ConnectWatch {
    type Service = WatchedConnector<S>;

    fn layer(&self, inner: S) -> WatchedConnector<S> {
        WatchedConnector(inner)
    }
}

impl<S, R> Service<R> for WatchedConnector<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Response: 'static,
    S::Error: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        record(|times| times.connecting = times.connecting.or(Some(process_clock::now())));
        let connecting = self.0.call(request);
        Box::pin(async move {
            let connected = connecting.await;
            if connected.is_ok() {
                record(|times| times.connected = Some(process_clock::now()));
            }
            connected
        })
    }
}

/// The system's name resolution, which records the time that it takes.
#[derive(Debug)]
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let begun = process_clock::now();
            // The connector sets the port.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            record(|times| times.resolved = Some(process_clock::now().duration_since(begun)));
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

/// Records a time of the request for which this task connects. A connection may outlive its request; then there is
/// nothing to record.
fn record(change: impl FnOnce(&mut ConnectTimes)) {
    let _ = REQUEST.try_with(|timings| {
        change(&mut timings.times.locked());
        timings.changed.notify_one();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A process that is stopped after it has connected, and before it has noted that, looks at its timeouts as soon as it
    /// continues.
    #[tokio::test]
    async fn the_time_of_a_stop_does_not_count_where_the_timeout_changes_when_it_ends() {
        let timings = ConnectTimings::begin();
        timings.times.locked().connected = Some(process_clock::now());
        let stopped = async {
            tokio::time::sleep(SECOND / 10).await;
            std::thread::sleep(SECOND * 2);
            timings.changed.notify_one();
            tokio::time::sleep(SECOND / 5).await;
        };
        let timeouts = Timeouts { connect: SECOND, response: SECOND, until: None };
        let (stopped, elapsed) = (pin!(stopped), pin!(timings.elapse(timeouts)));
        let is_heard = matches!(select(stopped, elapsed).await, Either::Left(_));
        assert!(is_heard, "the stop counted");
    }
}
