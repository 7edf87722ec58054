//! Activity of the runtime as it happens, as server-sent events.

use std::convert::Infallible;

use axum::{
    extract::State,
    response::sse::{Event, Sse},
};
use futures::{Stream, StreamExt as _};
use loom_base::time::format_rfc3339_millis;
use loom_core::activity::stream::{ActivityEvent, ActivityKind};
use serde_json::{Value, json};
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

use super::{
    context::DashboardContext,
    sse::{lagged, sse},
};

/// `GET /api/events/stream`: the event `ping` at once and every ten seconds; activity as unnamed events; `lagged` with
/// the number of missed events for a client that reads too slowly.
pub async fn stream(
    State(context): State<DashboardContext>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    sse(activity_events(&context), context)
}

/// Activity as it happens.
pub(super) fn activity_events(context: &DashboardContext) -> impl Stream<Item = Event> + use<> {
    let content = context.telemetry.content;
    BroadcastStream::new(context.runtime.observe()).map(move |activity| match activity {
        Ok(activity) => Event::default().data(activity_json(&activity, content).to_string()),
        Err(BroadcastStreamRecvError::Lagged(missed)) => lagged(missed),
    })
}

fn activity_json(activity: &ActivityEvent, content: bool) -> Value {
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
        "type": activity.event_type,
        "sender": activity.sender,
        "receiver": activity.receiver,
        "run": activity.trace_id.map(|id| format!("{id:032x}")),
        "thread_id": activity.thread_id,
        "correlation_id": activity.correlation_id,
        "payload_preview": if content { &*activity.preview } else { "" },
    })
}
