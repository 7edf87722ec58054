//! The log filter, read and changed while the server runs.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::context::DashboardContext;

/// The body of a change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogLevelChange {
    /// The new filter, in the syntax of `RUST_LOG`.
    level: String,
}

/// `GET /api/log-level`: the current filter.
pub async fn show(State(context): State<DashboardContext>) -> Json<Value> {
    Json(json!({ "level": context.telemetry.log_filter.current() }))
}

/// `PUT /api/log-level` with `{"level": "debug"}`: replaces the filter until the server ends.
pub async fn change(
    State(context): State<DashboardContext>,
    Json(change): Json<LogLevelChange>,
) -> Response {
    match context.telemetry.log_filter.set(&change.level) {
        Ok(()) => show(State(context)).await.into_response(),
        Err(error) => {
            let error = json!({ "error": error.to_string() });
            (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response()
        }
    }
}
