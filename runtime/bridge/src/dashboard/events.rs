//! What happens, as it happens: server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, Sse},
};
use futures::{Stream, StreamExt as _, future, stream};
use loom_core::feed::{ActivityEvent, ActivityKind};
use serde_json::{Value, json};
use tokio::time::{Instant, interval_at};
use tokio_stream::wrappers::{BroadcastStream, IntervalStream, errors::BroadcastStreamRecvError};

use super::Dashboard;

/// How often a watcher hears that we live.
pub(super) const PING: Duration = Duration::from_secs(10);

/// `GET /api/events/stream`: a `ping` at once and every ten seconds; every notice unnamed; `lagged` with the number
/// missed for a client that reads too slowly.
pub async fn stream(
    State(dashboard): State<Dashboard>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let notices =
        BroadcastStream::new(dashboard.core.activity.feed.watch()).map(|notice| match notice {
            Ok(notice) => Event::default().data(told(&notice).to_string()),
            Err(BroadcastStreamRecvError::Lagged(missed)) => {
                Event::default().event("lagged").data(json!({ "missed": missed }).to_string())
            }
        });
    let later = IntervalStream::new(interval_at(Instant::now() + PING, PING)).map(|_| ping());
    let first = stream::once(future::ready(ping()));
    let all = first.chain(stream::select(later, notices));
    Sse::new(all.map(Ok).take_until(dashboard.stopping.cancelled_owned()))
}

pub(super) fn ping() -> Event {
    Event::default().event("ping").data("{}")
}

fn told(notice: &ActivityEvent) -> Value {
    let event_type = match notice.kind {
        ActivityKind::Published => "event_published",
        ActivityKind::Delivered => "event_delivered",
        ActivityKind::Registered => "agent_registered",
        ActivityKind::Unregistered => "agent_unregistered",
        ActivityKind::ToolInvoked => "tool_invoked",
    };
    json!({
        "timestamp": humantime::format_rfc3339_millis(notice.at).to_string(),
        "event_type": event_type,
        "event_id": notice.id,
        "topic": notice.topic,
        "sender": notice.sender,
        "thread_id": notice.thread_id,
        "correlation_id": notice.correlation_id,
        "payload_preview": notice.preview(),
    })
}
