//! When the connection of a request stood, and when waiting for it or for the answer is too long.
//!
//! The library below tells nobody when it connects; a layer around its connector and a resolver of our own do.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use futures::future::select;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use tower::{Layer, Service};

tokio::task_local! {
    /// The request on whose behalf a connection is made.
    static REQUEST: ConnectTimings;
}

/// What became of one request's connection so far. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct ConnectTimings {
    begun: Instant,
    known: Arc<Mutex<Known>>,
    /// Told when a connection is begun and when it stands: another patience holds from then on.
    changed: Arc<Notify>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    connecting: Option<Instant>,
    resolved: Option<Duration>,
    connected: Option<Instant>,
}

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeoutKind {
    Connection,
    Answer,
}

/// How long may be waited for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) answer: Duration,
    /// When all patience ends: an earlier request for the same has used some of it.
    pub(crate) until: Option<Instant>,
}

impl ConnectTimings {
    pub(crate) fn begin() -> Self {
        Self { begun: Instant::now(), known: Arc::default(), changed: Arc::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drives a request; the connections it makes are noted here.
    pub(crate) fn during<F: Future>(&self, request: F) -> impl Future<Output = F::Output> {
        REQUEST.scope(self.clone(), request)
    }

    /// Ends when patience does.
    pub(crate) async fn late(&self, patience: Timeouts) -> TimeoutKind {
        loop {
            let (due, late) = self.due(patience);
            let due = patience.until.map_or(due, |until| until.min(due));
            if Instant::now() >= due {
                return late;
            }
            select(pin!(sleep_until(due)), pin!(self.changed.notified())).await;
        }
    }

    fn due(&self, patience: Timeouts) -> (Instant, TimeoutKind) {
        let known = *self.known();
        match (known.connecting, known.connected) {
            (Some(since), None) => (since + patience.connect, TimeoutKind::Connection),
            (_, Some(since)) => (since + patience.answer, TimeoutKind::Answer),
            (None, None) => (self.begun + patience.answer, TimeoutKind::Answer),
        }
    }

    /// How long the name took.
    pub(crate) fn dns(&self) -> Option<Duration> {
        self.known().resolved
    }

    /// How long the connection took, where a new one was needed.
    pub(crate) fn connect(&self) -> Option<Duration> {
        let known = *self.known();
        Some(known.connected? - known.connecting?)
    }

    /// How long the answer took since it could be asked for.
    pub(crate) fn answer(&self) -> Duration {
        self.known().connected.unwrap_or(self.begun).elapsed()
    }
}

/// Notes when a connection is begun and when it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch;

/// A connector under watch.
#[derive(Debug, Clone)]
pub(crate) struct Watched<S>(S);

impl<S> Layer<S> for Watch {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched(inner)
    }
}

impl<S, R> Service<R> for Watched<S>
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
        note(|known| known.connecting = known.connecting.or(Some(Instant::now())));
        let connecting = self.0.call(request);
        Box::pin(async move {
            let connected = connecting.await;
            if connected.is_ok() {
                note(|known| known.connected = Some(Instant::now()));
            }
            connected
        })
    }
}

/// The system's names, and how long each took.
#[derive(Debug)]
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let begun = Instant::now();
            // The port is filled in by who connects.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            note(|known| known.resolved = Some(begun.elapsed()));
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

/// A connection that outlives the request it was made for has nobody to tell.
fn note(change: impl FnOnce(&mut Known)) {
    let _ = REQUEST.try_with(|moments| {
        change(&mut moments.known());
        moments.changed.notify_one();
    });
}
