//! Start, serve, stop.

use std::{
    error::Error,
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use loom_core::{Runtime, RuntimeOptions};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::transport::ServerTlsConfig;

use crate::{
    dashboard::{self, Dashboard},
    grpc::{self, Grpc, ServeError},
    listen::{self, ListenError},
    logging::Telemetry,
    own::Own,
    ready::{self, ReadyDocument, ReadyError},
    settings::{HostPort, ServerSettings},
    signals::Signals,
    tls::{TlsError, TlsFiles},
};

const BRIDGE_ADDR: &str = "LOOM_BRIDGE_ADDR";
const DASHBOARD_PORT: &str = "LOOM_DASHBOARD_PORT";

/// How long calls under way may take when the server is asked to stop.
const GRACE: Duration = Duration::from_secs(3);
/// How often agents that stayed away are looked for.
const SWEEP: Duration = Duration::from_secs(5);

/// Why the server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Nothing listens.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// TLS is wanted and cannot be spoken.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Whoever started us cannot be told.
    #[error(transparent)]
    Ready(#[from] ReadyError),
    /// The system does not tell us when to stop.
    #[error("could not listen for signals")]
    Signals(#[source] io::Error),
    /// Serving failed.
    #[error(transparent)]
    Grpc(#[from] ServeError),
    /// Serving the dashboard failed.
    #[error("the dashboard failed")]
    Dashboard(#[source] io::Error),
    /// A part of the server panicked.
    #[error("a part of the server panicked")]
    Panicked(#[source] tokio::task::JoinError),
}

impl ServerError {
    /// The exit code: 9 for a port that is taken, 2 for an address or a certificate that may not or cannot be used,
    /// else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Listen(ListenError::Taken { .. }) => 9,
            Self::Listen(ListenError::Exposed { .. } | ListenError::Resolve { .. })
            | Self::Tls(_) => 2,
            _ => 1,
        }
    }

    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Listen(error) => error.hint(),
            _ => None,
        }
    }
}

/// The whole story on one line: what failed, and why.
pub fn chain(error: &dyn Error) -> String {
    let mut story = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        story = format!("{story}: {error}");
        cause = error.source();
    }
    story
}

/// A server that listens and does not serve yet.
#[derive(Debug)]
struct BoundServer {
    bridge: TcpListener,
    dashboard: Option<(TcpListener, HostPort)>,
    ready: ReadyDocument,
}

/// Serves until a signal asks to stop; a second one ends the process at once.
pub async fn run(settings: ServerSettings, telemetry: Telemetry) -> Result<(), ServerError> {
    let mut signals = Signals::listen().map_err(ServerError::Signals)?;
    if let Some(path) = &settings.ready_file {
        ready::forget(path)?;
    }
    let tls = settings.tls.as_ref().map(TlsFiles::load).transpose()?;
    let bound = bind(&settings).await?;
    let ready = bound.ready.clone();
    let mut server = ServingServer::start(&settings, tls, bound, &telemetry).await;
    if let Some(path) = &settings.ready_file {
        ready.write(path)?;
    }
    tracing::info!(bridge = %ready.bridge, dashboard = ready.dashboard, "listening");
    tokio::select! {
        failed = server.first_end() => failed?,
        _ = signals.next() => {}
    }
    tokio::select! {
        () = server.stop() => {}
        code = signals.next() => std::process::exit(code.into()),
    }
    if let Some(export) = telemetry.export {
        export.finish().await;
    }
    Ok(())
}

async fn bind(settings: &ServerSettings) -> Result<BoundServer, ServerError> {
    let addresses = listen::resolve(&settings.bridge, BRIDGE_ADDR).await?;
    if !listen::is_local(&addresses) && settings.token.is_none() && !settings.insecure {
        let at = settings.bridge.clone();
        return Err(ListenError::Exposed { at, variable: BRIDGE_ADDR }.into());
    }
    if !listen::is_local(&addresses) && settings.tls.is_none() {
        tracing::warn!(at = %settings.bridge, "events and tokens travel in the clear: set LOOM_BRIDGE_TLS_CERT");
    }
    let bridge = listen::bind(&settings.bridge, BRIDGE_ADDR, &addresses).await?;
    let mut ready =
        ReadyDocument { bridge: address(&bridge, BRIDGE_ADDR, &settings.bridge)?, dashboard: None };
    let mut dashboard = None;
    if let Some(at) = &settings.dashboard {
        let addresses = listen::resolve(at, DASHBOARD_PORT).await?;
        if !listen::is_local(&addresses) {
            tracing::warn!(%at, "the dashboard shows events to everybody who can reach it");
        }
        let listener = listen::bind(at, DASHBOARD_PORT, &addresses).await?;
        let bound = address(&listener, DASHBOARD_PORT, at)?;
        ready.dashboard = Some(dashboard::url(at, bound));
        dashboard = Some((listener, at.clone()));
    }
    Ok(BoundServer { bridge, dashboard, ready })
}

fn address(
    listener: &TcpListener,
    variable: &'static str,
    at: &HostPort,
) -> Result<SocketAddr, ListenError> {
    listener.local_addr().map_err(|source| ListenError::Bind { at: at.clone(), variable, source })
}

struct ServingServer {
    core: Arc<Runtime>,
    health: tonic_health::server::HealthReporter,
    stopping: CancellationToken,
    tasks: JoinSet<Result<(), ServerError>>,
    /// The runtime's own tools.
    own: Own,
}

impl ServingServer {
    async fn start(
        settings: &ServerSettings,
        tls: Option<ServerTlsConfig>,
        bound: BoundServer,
        telemetry: &Telemetry,
    ) -> Self {
        let core = Runtime::new(RuntimeOptions { graph: bound.dashboard.is_some() });
        let stopping = CancellationToken::new();
        let grpc = Grpc::new(&core, settings, tls, stopping.clone()).await;
        let health = grpc.health();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { Ok(grpc.serve(bound.bridge).await?) });
        if let Some((listener, at)) = bound.dashboard {
            let token = settings.token.clone();
            let stop = stopping.clone();
            let dashboard = Dashboard::new(&core, at.host, token, telemetry.clone(), stop);
            tasks.spawn(
                async move { dashboard.serve(listener).await.map_err(ServerError::Dashboard) },
            );
        }
        tasks.spawn(sweep(Arc::clone(&core), stopping.clone()));
        let own = Own::start(settings, &core);
        Self { core, health, stopping, tasks, own }
    }

    /// Resolves when a part ends that should not.
    async fn first_end(&mut self) -> Result<(), ServerError> {
        match self.tasks.join_next().await {
            Some(Ok(outcome)) => outcome,
            Some(Err(panic)) => Err(ServerError::Panicked(panic)),
            None => Ok(()),
        }
    }

    /// Health says no, streams end so that agents come back, calls under way get a moment.
    async fn stop(&mut self) {
        tracing::info!("stopping");
        grpc::not_serving(&mut self.health).await;
        self.core.stop("the runtime is stopping");
        self.stopping.cancel();
        grpc::release_watchers(&mut self.health).await;
        let through = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, through).await.is_err() {
            tracing::warn!("calls under way were cut off");
        }
        if tokio::time::timeout(GRACE, self.own.stop()).await.is_err() {
            tracing::warn!("MCP servers were cut off");
        }
    }
}

async fn sweep(core: Arc<Runtime>, stopping: CancellationToken) -> Result<(), ServerError> {
    let mut every = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            _ = every.tick() => core.sweep(Instant::now()),
            () = stopping.cancelled() => return Ok(()),
        }
    }
}
