//! Activity of the runtime as it happens, as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, Sse},
};
use futures::{Stream, StreamExt as _, future, stream};
use loom_base::time::format_rfc3339_millis;
use loom_core::activity::stream::{ActivityEvent, ActivityKind};
use serde_json::{Value, json};
use tokio::time::{Instant, interval_at};
use tokio_stream::wrappers::{BroadcastStream, IntervalStream, errors::BroadcastStreamRecvError};

use super::context::DashboardContext;

/// How often a client gets a ping.
pub(super) const PING_INTERVAL: Duration = Duration::from_secs(10);

/// `GET /api/events/stream`: the event `ping` at once and every ten seconds; activity as unnamed events; `lagged` with
/// the number of missed events for a client that reads too slowly.
pub async fn stream(
    State(context): State<DashboardContext>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let activity = BroadcastStream::new(context.runtime.observe()).map(|activity| match activity {
        Ok(activity) => Event::default().data(activity_json(&activity).to_string()),
        Err(BroadcastStreamRecvError::Lagged(missed)) => lagged(missed),
    });
    let pings = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
    let later = IntervalStream::new(pings).map(|_| ping());
    let first = stream::once(future::ready(ping()));
    let all = first.chain(stream::select(later, activity));
    Sse::new(all.map(Ok).take_until(context.stopping.cancelled_owned()))
}

/// The event that shows a client that the server is alive.
pub(super) fn ping() -> Event {
    Event::default().event("ping").data("{}")
}

/// The event with the number of events that a client has missed.
pub(super) fn lagged(missed: u64) -> Event {
    Event::default().event("lagged").data(json!({ "missed": missed }).to_string())
}

fn activity_json(activity: &ActivityEvent) -> Value {
    let event_type = match activity.kind {
        ActivityKind::Published => "event_published",
        ActivityKind::Delivered => "event_delivered",
        ActivityKind::Registered => "agent_registered",
        ActivityKind::Unregistered => "agent_unregistered",
        ActivityKind::Away => "agent_away",
        ActivityKind::Back => "agent_back",
        ActivityKind::ToolInvoked => "tool_invoked",
    };
    json!({
        "timestamp": format_rfc3339_millis(activity.at),
        "event_type": event_type,
        "event_id": activity.id,
        "topic": activity.topic,
        "sender": activity.sender,
        "thread_id": activity.thread_id,
        "correlation_id": activity.correlation_id,
        "payload_preview": activity.preview,
    })
}
