//! The page and its JSON, over HTTP.
//!
//! | module | idea |
//! |---|---|
//! | [`assets`] | the page itself, built in |
//! | [`api`] | who is there and how busy, as JSON |
//! | [`events`] | what happens, as it happens |
//! | [`history`] | how busy it was over the last minutes |
//! | [`tools`] | tools, and how they were used |
//! | [`traces`] | what the runtime did, span by span |
//! | [`log_level`] | what is logged |
//! | [`prometheus`] | counters for a monitoring system |
//! | [`guard`] | who may ask: pages of other sites may not |

pub mod api;
pub mod assets;
pub mod events;
pub mod guard;
pub mod history;
pub mod log_level;
pub mod prometheus;
pub mod tools;
pub mod traces;

use std::{io, net::SocketAddr, sync::Arc, time::Instant};

use axum::{Json, Router, extract::State, http::StatusCode, middleware, routing::get};
use loom_core::Runtime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::history::History;
use crate::{logging::Telemetry, settings::HostPort, token::BearerToken};

/// What people look at.
#[derive(Debug, Clone)]
pub struct Dashboard {
    core: Arc<Runtime>,
    host: Arc<str>,
    stopping: CancellationToken,
    started: Instant,
    token: Option<BearerToken>,
    telemetry: Telemetry,
    history: Arc<History>,
}

impl Dashboard {
    /// Prepares it; `host` is the name by which it may be called, beside this machine's own.
    /// Whoever wants to change something must know the token, if there is one.
    pub fn new(
        core: &Arc<Runtime>,
        host: String,
        token: Option<BearerToken>,
        telemetry: Telemetry,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            core: Arc::clone(core),
            host: host.into(),
            stopping,
            started: Instant::now(),
            token,
            telemetry,
            history: Arc::default(),
        }
    }

    /// Serves until the server stops.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let stopping = self.stopping.clone();
        let keeping = Arc::clone(&self.history).keep(Arc::clone(&self.core), stopping.clone());
        tokio::spawn(keeping);
        axum::serve(listener, self.router())
            .with_graceful_shutdown(stopping.cancelled_owned())
            .await
    }

    /// All routes.
    fn router(self) -> Router {
        Router::new()
            .route("/", get(assets::page))
            .route("/static/{*path}", get(assets::file))
            .route("/api/events/status", get(api::status))
            .route("/api/events/stream", get(events::stream))
            .route("/api/topology", get(api::topology))
            .route("/api/flow", get(api::flow))
            .route("/api/metrics", get(api::metrics))
            .route("/api/metrics/history", get(history::history))
            .route("/api/tools", get(tools::tools))
            .route("/api/spans/recent", get(traces::recent))
            .route("/api/spans/stream", get(traces::stream))
            .route("/api/traces/{id}", get(traces::trace))
            .route("/api/log-level", get(log_level::show).put(log_level::change))
            .route("/healthz", get(healthy))
            .route("/readyz", get(ready))
            .route("/metrics", get(prometheus::metrics))
            .fallback(unknown)
            .layer(middleware::from_fn_with_state(self.clone(), guard::check))
            .with_state(self)
    }
}

/// Where the page is found: the host as it was asked for, unless that stands for all addresses.
pub fn url(at: &HostPort, bound: SocketAddr) -> String {
    let mut shown = HostPort { host: at.host.clone(), port: bound.port() };
    if bound.ip().is_unspecified() {
        shown.host = if bound.is_ipv4() { "127.0.0.1" } else { "::1" }.to_owned();
    }
    format!("http://{shown}")
}

/// The process lives.
async fn healthy() -> &'static str {
    "ok"
}

/// The runtime takes calls.
async fn ready(State(dashboard): State<Dashboard>) -> (StatusCode, &'static str) {
    if dashboard.stopping.is_cancelled() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping")
    } else {
        (StatusCode::OK, "ready")
    }
}

async fn unknown() -> (StatusCode, Json<serde_json::Value>) {
    (StatusCode::NOT_FOUND, Json(serde_json::json!({ "error": "there is nothing here" })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_can_be_opened() {
        let table = [
            ("127.0.0.1", "127.0.0.1:7", "http://127.0.0.1:7"),
            ("localhost", "127.0.0.1:7", "http://localhost:7"),
            ("0.0.0.0", "0.0.0.0:7", "http://127.0.0.1:7"),
            ("::", "[::]:7", "http://[::1]:7"),
            ("::1", "[::1]:7", "http://[::1]:7"),
        ];
        for (host, bound, expected) in table {
            let at = HostPort { host: host.to_owned(), port: 0 };
            assert_eq!(url(&at, bound.parse().unwrap()), expected);
        }
    }
}
