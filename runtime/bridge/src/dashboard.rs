//! The dashboard: a page and its JSON API, over HTTP.
//!
//! | module | serves |
//! |---|---|
//! | [`assets`] | the page, from files that are part of the program |
//! | [`api`] | agents, flows and metrics as JSON |
//! | [`events`] | activity as it happens |
//! | [`live`] | activity and spans on one connection |
//! | `sse` | what the streams have in common |
//! | [`history`] | samples of the metrics of the last minutes |
//! | [`identity`] | which runtime this is, and what it depends on |
//! | [`runtime_state`] | the same as JSON, with the state of MCP servers and LLM providers |
//! | [`tools`] | tools and their usage |
//! | [`tool_request`], [`event_request`] | calls of tools and events that the page or a program asks for |
//! | [`json_body`] | the bodies of these |
//! | [`traces`] | recorded spans |
//! | [`log_level`] | the log filter |
//! | [`prometheus`] | metrics in the Prometheus text format |
//! | [`guard`] | the check of every request: other users, missing logins and pages of other sites are refused |
//! | [`login`] | the login of the page |
//! | [`sessions`] | who has logged in |
//! | [`context`] | what the handlers share |
//! | `router` | the routes |

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use loom_base::HostPort;
use loom_core::Runtime;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use self::context::DashboardAccess;
use self::{context::DashboardContext, identity::RuntimeIdentity};
use crate::{
    connections::{Acceptor, ConnectionState, ConnectionTimeouts},
    telemetry::Telemetry,
};

pub mod api;
pub mod assets;
pub mod context;
pub mod event_request;
pub mod events;
pub mod guard;
pub mod history;
pub mod identity;
pub mod json_body;
pub mod live;
pub mod log_level;
pub mod login;
pub mod prometheus;
mod router;
pub mod runs;
pub mod runtime_state;
pub mod sessions;
mod sse;
pub mod tool_request;
pub mod tools;
pub mod traces;

/// How long a connection may be without a request. Browsers keep connections open for a while.
pub const CONNECTION_TIMEOUTS: ConnectionTimeouts =
    ConnectionTimeouts { first_request: Duration::from_secs(15), idle: Duration::from_secs(60) };

/// The dashboard of a runtime.
#[derive(Debug)]
pub struct Dashboard {
    context: DashboardContext,
}

impl Dashboard {
    /// A dashboard for whom `access` and the connections admit. It stops when `stopping` is cancelled.
    pub fn new(
        runtime: &Runtime,
        access: DashboardAccess,
        identity: RuntimeIdentity,
        telemetry: Telemetry,
        stopping: CancellationToken,
    ) -> Self {
        let context = DashboardContext {
            runtime: runtime.clone(),
            access,
            stopping,
            started: Instant::now(),
            identity: Arc::new(identity),
            telemetry,
            history: Arc::default(),
            tool_calls: Arc::new(Semaphore::new(tool_request::MOST_CALLS)),
        };
        Self { context }
    }

    /// Serves until the server stops.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(self, acceptor: Acceptor) -> io::Result<()> {
        let context = self.context;
        let stopping = context.stopping.clone();
        let history = Arc::clone(&context.history);
        tokio::spawn(history.record(context.runtime.clone(), stopping.clone()));
        let router = router::router(context);
        let service = router.into_make_service_with_connect_info::<ConnectionState>();
        axum::serve(acceptor, service).with_graceful_shutdown(stopping.cancelled_owned()).await
    }
}

/// The URL of a dashboard that was configured as `address` and listens on `bound`: with the configured host, unless it
/// stands for all addresses.
pub fn url(address: &HostPort, bound: SocketAddr) -> String {
    let host =
        if bound.ip().is_unspecified() { bound.ip().to_string() } else { address.host.clone() };
    format!("http://{}", HostPort::new(host, bound.port()).reachable())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_can_be_opened_on_this_machine() {
        let table = [
            ("127.0.0.1", "127.0.0.1:7", "http://127.0.0.1:7"),
            ("localhost", "127.0.0.1:7", "http://localhost:7"),
            ("0.0.0.0", "0.0.0.0:7", "http://127.0.0.1:7"),
            ("::", "[::]:7", "http://[::1]:7"),
            ("::1", "[::1]:7", "http://[::1]:7"),
        ];
        for (host, bound, expected) in table {
            assert_eq!(url(&HostPort::new(host, 0), bound.parse().unwrap()), expected);
        }
    }
}
