//! Server-sent events: what all streams of the dashboard have.

use std::{convert::Infallible, time::Duration};

use axum::response::sse::{Event, Sse};
use futures::{Stream, StreamExt as _, future, stream};
use serde_json::json;
use tokio::time::{Instant, interval_at};
use tokio_stream::wrappers::IntervalStream;

use super::context::DashboardContext;

/// How often a client gets a ping.
const PING_INTERVAL: Duration = Duration::from_secs(10);

/// A response with these events, and the event `ping` at once and every ten seconds, until the server stops.
pub(super) fn sse(
    events: impl Stream<Item = Event> + Send + 'static,
    context: DashboardContext,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let pings = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
    let later = IntervalStream::new(pings).map(|_| ping());
    let first = stream::once(future::ready(ping()));
    let all = first.chain(stream::select(later, events));
    Sse::new(all.map(Ok).take_until(context.stopping.cancelled_owned()))
}

/// The event that shows a client that the server is alive.
fn ping() -> Event {
    Event::default().event("ping").data("{}")
}

/// The event with the number of events that a client has missed.
pub(super) fn lagged(missed: u64) -> Event {
    Event::default().event("lagged").data(json!({ "missed": missed }).to_string())
}
