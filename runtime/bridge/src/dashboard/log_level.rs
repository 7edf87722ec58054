//! What is logged, read and changed while the server runs.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Dashboard;

/// What shall be logged, as `RUST_LOG` says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    level: String,
}

/// `GET /api/log-level`
pub async fn show(State(dashboard): State<Dashboard>) -> Json<Value> {
    Json(json!({ "level": dashboard.telemetry.log.current() }))
}

/// `PUT /api/log-level` with `{"level": "debug"}`: holds until the server ends.
pub async fn change(State(dashboard): State<Dashboard>, Json(wanted): Json<Wanted>) -> Response {
    match dashboard.telemetry.log.set(&wanted.level) {
        Ok(()) => show(State(dashboard)).await.into_response(),
        Err(error) => {
            let error = json!({ "error": error.to_string() });
            (StatusCode::UNPROCESSABLE_ENTITY, Json(error)).into_response()
        }
    }
}
