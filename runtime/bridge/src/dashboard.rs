//! The page and its JSON, over HTTP.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{Router, routing::get};
use loom_core::Runtime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::settings::HostPort;

/// What people look at.
#[derive(Debug, Clone)]
pub struct Dashboard {
    core: Arc<Runtime>,
    host: String,
    stopping: CancellationToken,
}

impl Dashboard {
    /// Prepares it; `host` is the name by which it may be called, beside this machine's own.
    pub fn new(core: &Arc<Runtime>, host: String, stopping: CancellationToken) -> Self {
        Self { core: Arc::clone(core), host, stopping }
    }

    /// Serves until the server stops.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let stopping = self.stopping.clone();
        let router = Router::new().route("/healthz", get(|| async { "ok" }));
        axum::serve(listener, router).with_graceful_shutdown(stopping.cancelled_owned()).await
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
