//! What the runtime did: the latest spans, one trace, and spans as they end.

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
    Dashboard,
    events::{PING, ping},
};
use crate::spans::SpanRecord;

/// Spans told when nobody says how many, and at most.
const LIMIT: usize = 100;
const MOST: usize = 1000;
/// How often a watcher is told.
const EVERY: Duration = Duration::from_millis(500);

/// `GET /api/spans/recent?limit=N`: the latest spans, newest first.
pub async fn recent(State(dashboard): State<Dashboard>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let limit = query.split('&').find_map(|pair| pair.strip_prefix("limit="));
    let limit = limit.map_or(Ok(LIMIT), |limit| limit.parse::<usize>());
    match limit {
        Ok(limit) if limit <= MOST => {
            Json(all(&dashboard.telemetry.spans.recent(limit))).into_response()
        }
        _ => {
            let error = format!("limit must be a number from 0 to {MOST}");
            (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
        }
    }
}

/// `GET /api/traces/<trace_id>`: what is kept of one trace, by start; nothing for an unknown one.
pub async fn trace(State(dashboard): State<Dashboard>, Path(id): Path<String>) -> Json<Value> {
    let id = u128::from_str_radix(&id, 16).ok().filter(|_| id.len() == 32);
    let spans = id.map(|id| dashboard.telemetry.spans.trace(id)).unwrap_or_default();
    Json(all(&spans))
}

/// `GET /api/spans/stream`: a `ping` at once and every ten seconds; `spans` with those that ended, twice a second at
/// most; `lagged` with the number of those that were too many to tell.
pub async fn stream(
    State(dashboard): State<Dashboard>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let store = Arc::clone(&dashboard.telemetry.spans);
    let mut next = store.next();
    let news =
        IntervalStream::new(interval_at(Instant::now() + EVERY, EVERY)).flat_map(move |_| {
            let news = store.since(next, MOST);
            next = news.next;
            let lagged = (news.missed > 0).then(|| {
                Event::default().event("lagged").data(json!({ "missed": news.missed }).to_string())
            });
            let spans = (!news.spans.is_empty())
                .then(|| Event::default().event("spans").data(all(&news.spans).to_string()));
            stream::iter(lagged.into_iter().chain(spans))
        });
    let pings = IntervalStream::new(interval_at(Instant::now(), PING)).map(|_| ping());
    let told = stream::select(pings, news).map(Ok);
    Sse::new(told.take_until(dashboard.stopping.cancelled_owned()))
}

fn all(spans: &[Arc<SpanRecord>]) -> Value {
    spans.iter().map(|span| span.to_json()).collect()
}
