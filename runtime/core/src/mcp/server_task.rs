//! The task that starts or reaches one MCP server, lists its tools, watches it, and does so again when it ends.

use std::{
    future, io,
    process::ExitStatus,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::future::{BoxFuture, Fuse, FusedFuture as _, FutureExt as _};
use rmcp::{Peer, RoleClient, ServiceExt as _, transport::Transport};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    client::McpClient,
    config::{McpHttpConfig, McpProgramConfig, McpServerConfig, McpTimeouts},
    connection::{McpConnection, McpServerState},
    http,
    listing::{ListResult, list_tools},
    process::McpProcess,
    server_states::McpServerStates,
    server_tools::McpServerTools,
    stderr_tail::without_secrets,
    wire::McpTransport,
};
use crate::{
    registry::{PrefixClaim, Registry, ToolOffer},
    tool::{ProviderKind, Tool},
};

/// The longest reason for the end of a run, in characters.
const MAX_REASON: usize = 500;

/// Runs one server until it is stopped.
#[derive(Debug)]
pub(super) struct McpServerTask {
    config: McpServerConfig,
    timeouts: McpTimeouts,
    registry: Arc<Registry>,
    state: watch::Sender<McpServerState>,
    tools: Arc<McpServerTools>,
    /// The offer of the tools, from the first list on; it stays while the server is restarted.
    offer: Option<ToolOffer>,
    stop: CancellationToken,
    /// How often the server was started again.
    restarts: Arc<AtomicU64>,
    /// Reserves all names that start with `<server>:`.
    _claim: PrefixClaim,
}

/// A server that has answered the handshake.
struct McpSession {
    peer: Peer<RoleClient>,
    /// Resolves when the program has closed its output, or the connection has ended.
    closed: BoxFuture<'static, ()>,
    tools_changed: Arc<Notify>,
}

/// One run of the program, or one session over HTTP.
struct McpRun {
    /// When the server had listed its tools; `None` if it did not come so far.
    up_since: Option<Instant>,
    /// Why the run ended, as in "ended (exit status: 1)"; `None` if the task was stopped.
    end: Option<String>,
}

impl McpServerTask {
    /// Prepares the task. From now on calls of the server's tools wait for it.
    pub(super) fn new(
        config: McpServerConfig,
        timeouts: McpTimeouts,
        registry: &Arc<Registry>,
        stop: CancellationToken,
    ) -> Self {
        let (state, receiver) = watch::channel(McpServerState::Starting);
        let name = config.name().to_owned();
        let tools = Arc::new(McpServerTools::new(&name, receiver));
        let claimant: Arc<McpServerTools> = Arc::clone(&tools);
        let claim = registry.claim(format!("{name}:"), ProviderKind::Mcp, claimant);
        Self {
            _claim: claim,
            config,
            timeouts,
            registry: Arc::clone(registry),
            state,
            tools,
            offer: None,
            stop,
            restarts: Arc::default(),
        }
    }

    /// Adds the server to those that are observed.
    pub(super) fn observe(&self, states: &mut McpServerStates) {
        states.add(self.name(), self.state.subscribe(), Arc::clone(&self.restarts));
    }

    /// Starts the server, and again whenever it ends.
    pub(super) async fn run(mut self) {
        let mut failures = 0;
        loop {
            self.state.send_replace(McpServerState::Starting);
            let (process, run) = match self.config.clone() {
                McpServerConfig::Program(program) => self.run_program(Arc::new(program)).await,
                McpServerConfig::Http(server) => (None, self.run_session(&server).await),
            };
            let uptime = run.up_since.map_or(Duration::ZERO, |since| since.elapsed());
            let (pause, now_failures) = self.timeouts.restart.after(uptime, failures);
            failures = now_failures;
            let until = Instant::now() + pause;
            let reason =
                run.end.map(|end| format!("MCP server {} {}", self.name(), self.shown(&end)));
            // Before the program is ended, which takes a moment: calls fail at once.
            if let Some(reason) = reason.clone() {
                self.state.send_replace(McpServerState::Down { reason, until });
            }
            let last_words = match process {
                Some(process) => process.end().await,
                None => String::new(),
            };
            let Some(reason) = reason else { return };
            tracing::warn!(last_words, ?pause, "{reason}");
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = self.stop.cancelled() => return,
            }
            self.restarts.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn name(&self) -> &str {
        self.config.name()
    }

    /// Why a run ended, which may have words of the server: cleaned, without the secrets that it was sent, and cut.
    fn shown(&self, end: &str) -> String {
        let shown = without_secrets(end, self.config.secrets().into_iter());
        shown.chars().take(MAX_REASON).collect()
    }

    /// Runs the program once. Returns it, to be ended, unless it could not be started.
    async fn run_program(
        &mut self,
        program: Arc<McpProgramConfig>,
    ) -> (Option<McpProcess>, McpRun) {
        match McpProcess::start(&program) {
            Ok((mut process, stdin, stdout)) => {
                let transport = McpTransport::new(self.name(), stdout, stdin);
                let run = self.serve(transport, Some(&mut process)).await;
                (Some(process), run)
            }
            Err(error) => {
                // The command may hold what a variable of `loom.toml` was expanded to.
                let end = format!("its command could not be started: {error}");
                (None, McpRun { up_since: None, end: Some(end) })
            }
        }
    }

    /// One session with a server over HTTP.
    async fn run_session(&mut self, server: &McpHttpConfig) -> McpRun {
        match http::connect(server) {
            Ok(transport) => self.serve(transport, None).await,
            Err(end) => McpRun { up_since: None, end: Some(end) },
        }
    }

    async fn serve<T: Transport<RoleClient> + 'static>(
        &mut self,
        transport: T,
        mut process: Option<&mut McpProcess>,
    ) -> McpRun {
        let never_up = |end| McpRun { up_since: None, end };
        let (session, tools) = tokio::select! {
            biased;
            () = self.stop.cancelled() => return never_up(None),
            status = ended(&mut process) => return never_up(Some(describe_end(&status))),
            connected = self.connect(transport) => match connected {
                Ok(connected) => connected,
                Err(reason) => return never_up(Some(reason)),
            },
        };
        let up_since = Some(Instant::now());
        let end = self.watch(session, tools, process).await;
        McpRun { up_since, end }
    }

    /// Performs the handshake and lists the tools.
    async fn connect<T: Transport<RoleClient> + 'static>(
        &self,
        transport: T,
    ) -> Result<(McpSession, Vec<Tool>), String> {
        let client = McpClient::default();
        let tools_changed = Arc::clone(&client.tools_changed);
        let limit = self.timeouts.start;
        let connected = timeout(limit, async {
            let service = client.serve(transport).await;
            let service = service.map_err(|error| format!("does not speak MCP: {error}"))?;
            let peer = service.peer().clone();
            let tools = list_tools(peer.clone(), self.name().to_owned()).await?;
            let closed = service.waiting().map(|_| ()).boxed();
            Ok((McpSession { peer, closed, tools_changed }, tools))
        });
        connected.await.unwrap_or_else(|_| Err(format!("was not ready within {limit:?}")))
    }

    /// Offers the tools until the run ends. Returns why it ended, or `None` if the task was stopped.
    async fn watch(
        &mut self,
        mut session: McpSession,
        tools: Vec<Tool>,
        mut process: Option<&mut McpProcess>,
    ) -> Option<String> {
        let limit = self.timeouts.response;
        let connection = Arc::new(McpConnection::new(session.peer.clone()));
        self.offer_tools(tools);
        self.state.send_replace(McpServerState::Up(Arc::clone(&connection)));
        let mut listing: Fuse<BoxFuture<'_, ListResult>> = Fuse::terminated();
        let mut ping: Fuse<BoxFuture<'_, bool>> = Fuse::terminated();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                status = ended(&mut process) => return Some(describe_end(&status)),
                () = &mut session.closed => return Some("closed its output".to_owned()),
                is_alive = &mut ping, if !ping.is_terminated() => if !is_alive {
                    return Some(format!("did not respond within {limit:?}"));
                },
                listed = &mut listing, if !listing.is_terminated() => match listed {
                    Ok(tools) => self.offer_tools(tools),
                    Err(reason) => {
                        let server = self.name();
                        tracing::warn!(server, "MCP server {reason}; its offered tools stay unchanged");
                    }
                },
                () = connection.is_suspect.notified(), if ping.is_terminated() => {
                    ping = connection.is_alive(limit).boxed().fuse();
                }
                () = session.tools_changed.notified(), if listing.is_terminated() => {
                    let list = list_tools(session.peer.clone(), self.name().to_owned());
                    listing = within(limit, list).boxed().fuse();
                }
            }
        }
    }

    fn offer_tools(&mut self, tools: Vec<Tool>) {
        let server = self.name();
        tracing::info!(server, tools = tools.len(), "MCP server offers tools");
        match &mut self.offer {
            Some(offer) => offer.replace(tools),
            none => {
                let provider: Arc<McpServerTools> = Arc::clone(&self.tools);
                *none = Some(self.registry.offer(tools, provider));
            }
        }
    }
}

/// Waits until the program has ended; for ever where there is none.
async fn ended(process: &mut Option<&mut McpProcess>) -> io::Result<ExitStatus> {
    match process {
        Some(process) => process.ended().await,
        None => future::pending().await,
    }
}

/// How a program ended, to follow its name.
fn describe_end(status: &io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => format!("ended ({status})"),
        Err(error) => format!("could not be waited for: {error}"),
    }
}

async fn within(limit: Duration, list: impl Future<Output = ListResult>) -> ListResult {
    let listed = timeout(limit, list).await;
    listed.unwrap_or_else(|_| Err(format!("did not list its tools within {limit:?}")))
}
