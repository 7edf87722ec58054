//! The routes of the dashboard.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{
    api, assets, context::DashboardContext, event_request, events, guard, json_body, live,
    log_level, login, prometheus, runs, runtime_state, tool_request, tools, traces,
};
use crate::connections::requests;

/// How long a request with a body may take.
const BODY_LIMIT: Duration = Duration::from_secs(30);
/// Requests to this path wait for a tool, which may take longer; they limit the time of their body themselves.
const TOOL_CALL: &str = "/api/tools/call";

/// All routes, behind the [`guard`].
pub(super) fn router(context: DashboardContext) -> Router {
    Router::new()
        .route("/", get(assets::page))
        .route("/static/{*path}", get(assets::file))
        .route("/api/login", post(login::login))
        .route("/api/events/status", get(api::status))
        .route("/api/events/stream", get(events::stream))
        .route("/api/stream", get(live::stream))
        .route("/api/runtime", get(runtime_state::runtime))
        .route("/api/topology", get(api::topology))
        .route("/api/flow", get(api::flow))
        .route("/api/metrics", get(api::metrics))
        .route("/api/metrics/history", get(api::metrics_history))
        .route("/api/tools", get(tools::tools))
        .route(TOOL_CALL, post(tool_request::call).layer(large_bodies()))
        .route("/api/spans/recent", get(traces::recent))
        .route("/api/spans/stream", get(traces::stream))
        .route("/api/traces/{id}", get(traces::trace))
        .route("/api/runs", get(runs::ask).delete(runs::clear))
        .route("/api/runs/{id}", get(runs::ask).delete(runs::remove))
        .route("/api/runs/{id}/export", get(runs::ask))
        .route("/api/bodies/{id}", get(runs::ask))
        .route("/api/events", get(runs::ask).post(event_request::publish).layer(large_bodies()))
        .route("/api/logs", get(runs::ask))
        .route("/api/overview", get(runs::ask))
        .route("/api/history", get(runs::health))
        .route("/api/log-level", get(log_level::show).put(log_level::change))
        .route("/healthz", get(health))
        .route("/readyz", get(readiness))
        .route("/metrics", get(prometheus::metrics))
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(context.clone(), guard::check))
        .layer(middleware::from_fn(limit_time))
        .layer(middleware::from_fn(requests::count))
        .with_state(context)
}

/// The limit of bodies that hold arguments or payloads.
fn large_bodies() -> DefaultBodyLimit {
    DefaultBodyLimit::max(json_body::MAX_BODY_BYTES)
}

/// Limits the time of requests with a body, which may never be complete. Others may be answered for ever.
async fn limit_time(request: Request, next: Next) -> Response {
    if request.method().is_safe() || request.uri().path() == TOOL_CALL {
        return next.run(request).await;
    }
    let response = tokio::time::timeout(BODY_LIMIT, next.run(request)).await;
    response.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}

/// `GET /healthz`: the process runs.
async fn health() -> &'static str {
    "ok"
}

/// `GET /readyz`: the runtime accepts calls.
async fn readiness(State(context): State<DashboardContext>) -> (StatusCode, &'static str) {
    if context.stopping.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping")
    } else {
        (StatusCode::OK, "ready")
    }
}

async fn not_found() -> (StatusCode, Json<Value>) {
    (StatusCode::NOT_FOUND, Json(json!({ "error": "not found" })))
}
