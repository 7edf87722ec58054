//! All that happens, on one connection. A browser has six connections to a server, and all its tabs share them.

use std::convert::Infallible;

use axum::{
    extract::State,
    response::sse::{Event, Sse},
};
use futures::{Stream, stream};

use super::{context::DashboardContext, events::activity_events, sse::sse, traces::span_events};

/// `GET /api/stream`: the events of `/api/events/stream` and the `spans` of `/api/spans/stream`. `lagged` is about
/// activity: spans that were missed can be requested.
pub async fn stream(
    State(context): State<DashboardContext>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let spans = span_events(&context, |_| None);
    sse(stream::select(activity_events(&context), spans), context)
}
