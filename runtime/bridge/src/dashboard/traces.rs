//! Recorded spans: the latest ones, those of one trace, and new ones as they finish.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures::{Stream, StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::{Instant, interval_at};
use tokio_stream::wrappers::IntervalStream;

use super::{
    context::DashboardContext,
    sse::{lagged, sse},
};
use crate::spans::SpanRecord;

/// The number of spans in a response where the request sets no limit.
const DEFAULT_LIMIT: usize = 100;
/// The largest number of spans in a response.
const MAX_LIMIT: usize = 1000;
/// How often new spans are sent.
const INTERVAL: Duration = Duration::from_millis(500);

/// `GET /api/spans/recent?limit=N`: the latest spans, newest first.
pub async fn recent(
    State(context): State<DashboardContext>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let limit = query.split('&').find_map(|pair| pair.strip_prefix("limit="));
    let limit = limit.map_or(Ok(DEFAULT_LIMIT), |limit| limit.parse::<usize>());
    match limit {
        Ok(limit) if limit <= MAX_LIMIT => {
            Json(spans_json(&context.telemetry.spans.recent(limit))).into_response()
        }
        _ => {
            let error = format!("limit must be a number from 0 to {MAX_LIMIT}");
            (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
        }
    }
}

/// `GET /api/traces/<trace_id>`: the spans of one trace, by start; an empty list for an unknown trace.
pub async fn trace(State(context): State<DashboardContext>, Path(id): Path<String>) -> Json<Value> {
    let id = u128::from_str_radix(&id, 16).ok().filter(|_| id.len() == 32);
    let spans = id.map(|id| context.telemetry.spans.trace(id)).unwrap_or_default();
    Json(spans_json(&spans))
}

/// `GET /api/spans/stream`: the event `ping` at once and every ten seconds; `spans` with new spans, at most twice a
/// second; `lagged` with the number of spans that were too many to send.
pub async fn stream(
    State(context): State<DashboardContext>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    sse(span_events(&context, |missed| Some(lagged(missed))), context)
}

/// New spans, at most twice a second. `missed` makes the event that tells how many were too many to send.
pub(super) fn span_events(
    context: &DashboardContext,
    missed: fn(u64) -> Option<Event>,
) -> impl Stream<Item = Event> + use<> {
    let store = Arc::clone(&context.telemetry.spans);
    let mut next = store.next();
    let ticks = IntervalStream::new(interval_at(Instant::now() + INTERVAL, INTERVAL));
    ticks.flat_map(move |_| {
        let batch = store.since(next, MAX_LIMIT);
        next = batch.next;
        let missed = (batch.missed > 0).then(|| missed(batch.missed)).flatten();
        let spans = (!batch.spans.is_empty())
            .then(|| Event::default().event("spans").data(spans_json(&batch.spans).to_string()));
        stream::iter(missed.into_iter().chain(spans))
    })
}

fn spans_json(spans: &[Arc<SpanRecord>]) -> Value {
    spans.iter().map(|span| span.to_json()).collect()
}
