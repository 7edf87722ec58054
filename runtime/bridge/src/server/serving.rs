//! A server that serves.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use loom_base::HostPort;
use loom_core::{Runtime, RuntimeOptions, mcp::LONGEST_END};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic_health::server::HealthReporter;

use super::{
    bound::{BoundDashboard, BoundServer},
    error::ServerError,
};
use crate::{
    access::PeerCheck,
    builtin_tools::BuiltinTools,
    connections::{Acceptor, ConnectionLimits},
    dashboard::{
        self, Dashboard, DashboardAccess, identity::RuntimeIdentity, sessions::DashboardSessions,
    },
    grpc::{self, GrpcServer},
    settings::ServerSettings,
    telemetry::Telemetry,
};

/// How long running calls may take when the server stops.
const GRACE: Duration = Duration::from_secs(3);
/// How often agents that have been away for too long are looked for.
const EXPIRE_INTERVAL: Duration = Duration::from_secs(5);

/// A server that serves. Dropping it ends its tasks at once; [`ServingServer::stop`] lets clients know.
///
/// # Examples
/// A server on a free port of this machine, and a call of it:
/// ```
/// use loom_bridge::{
///     proto::{HeartbeatRequest, bridge_client::BridgeClient},
///     server::{BoundServer, ServingServer},
///     settings::{EnvironmentMap, ServerSettings},
///     telemetry::Telemetry,
/// };
/// use tonic::transport::Endpoint;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut environment = EnvironmentMap::new();
/// environment.insert("LOOM_BRIDGE_ADDR".into(), "127.0.0.1:0".into());
/// let settings = ServerSettings::read(&environment)?;
/// let telemetry = Telemetry::start(&settings, false)?;
///
/// let bound = BoundServer::bind(settings).await?;
/// let url = format!("http://{}", bound.bridge_address());
/// let mut server = ServingServer::start(bound, telemetry).await;
///
/// let channel = Endpoint::from_shared(url)?.connect().await?;
/// let response = BridgeClient::new(channel).heartbeat(HeartbeatRequest { timestamp_ms: 7 }).await?;
/// assert_eq!(response.into_inner().timestamp_ms, 7);
/// server.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ServingServer {
    runtime: Runtime,
    health: HealthReporter,
    stopping: CancellationToken,
    tasks: JoinSet<Result<(), ServerError>>,
    builtin_tools: BuiltinTools,
}

impl ServingServer {
    /// Starts to serve, and starts the MCP servers. Does not wait for the MCP servers.
    pub async fn start(bound: BoundServer, telemetry: Telemetry) -> Self {
        let address = bound.bridge_address();
        let BoundServer { settings, tls, bridge, dashboard, .. } = bound;
        let event_recorder = telemetry.event_spans.clone().map(|spans| spans as _);
        let options = RuntimeOptions { record_flow: dashboard.is_some(), event_recorder };
        let runtime = Runtime::new(options);
        if let Some(metrics) = telemetry.export.as_ref().and_then(|e| e.metrics.as_ref()) {
            metrics.observe(&runtime);
        }
        let stopping = CancellationToken::new();
        let peers = PeerCheck::new(&settings.allow_users, settings.token.is_some());
        let grpc = GrpcServer::new(
            &runtime,
            &settings,
            tls,
            telemetry.event_spans.clone(),
            stopping.clone(),
        )
        .await;
        let health = grpc.health();
        let limits = ConnectionLimits::of_process();
        let timeouts = grpc::CONNECTION_TIMEOUTS;
        let bridge = Acceptor::new(bridge, "bridge", limits.bridge, timeouts, peers.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { Ok(grpc.serve(bridge).await?) });
        let builtin_tools = BuiltinTools::start(&settings, &runtime);
        if let Some(bound) = dashboard {
            let access = access(&settings, &bound);
            let address = HostPort::new(address.ip().to_string(), address.port());
            let identity = RuntimeIdentity::new(&settings, address, builtin_tools.mcp_states());
            let page = Dashboard::new(&runtime, access, identity, telemetry, stopping.clone());
            let timeouts = dashboard::CONNECTION_TIMEOUTS;
            let listener = bound.listener;
            let listener = Acceptor::new(listener, "dashboard", limits.dashboard, timeouts, peers);
            tasks.spawn(async move { page.serve(listener).await.map_err(ServerError::Dashboard) });
        }
        tasks.spawn(expire_agents(runtime.clone(), stopping.clone()));
        Self { runtime, health, stopping, tasks, builtin_tools }
    }

    /// Resolves when a task ends although the server has not been stopped.
    ///
    /// # Errors
    /// Why the task ended.
    pub async fn failed(&mut self) -> Result<(), ServerError> {
        match self.tasks.join_next().await {
            Some(Ok(outcome)) => outcome,
            Some(Err(panic)) => Err(ServerError::Panicked(panic)),
            None => Ok(()),
        }
    }

    /// Stops the server: reports it as not serving, ends all streams so that agents reconnect, and waits a few seconds
    /// for running calls and MCP servers.
    pub async fn stop(&mut self) {
        tracing::info!("stopping");
        grpc::report_not_serving(&mut self.health).await;
        self.runtime.stop("the runtime is stopping");
        self.stopping.cancel();
        grpc::end_health_watches(&mut self.health).await;
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            tracing::warn!("running calls were cancelled");
        }
        if tokio::time::timeout(LONGEST_END, self.builtin_tools.stop()).await.is_err() {
            tracing::warn!("MCP servers were killed");
        }
    }
}

/// Who may use the dashboard.
fn access(settings: &ServerSettings, bound: &BoundDashboard) -> DashboardAccess {
    let hosts = settings.dashboard_hosts.as_slice().iter().cloned();
    let login = settings.token.clone().zip(bound.login_key.clone());
    DashboardAccess {
        hosts: hosts.chain([bound.host.to_ascii_lowercase()]).collect(),
        sessions: login.map(|(token, key)| Arc::new(DashboardSessions::new(token, key))),
    }
}

async fn expire_agents(runtime: Runtime, stopping: CancellationToken) -> Result<(), ServerError> {
    let mut interval = tokio::time::interval(EXPIRE_INTERVAL);
    loop {
        tokio::select! {
            _ = interval.tick() => runtime.expire_agents(Instant::now()),
            () = stopping.cancelled() => return Ok(()),
        }
    }
}
