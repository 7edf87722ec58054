//! One server's life: start, list, watch, end, again.

use std::{collections::HashMap, io, process::ExitStatus, sync::Arc, time::Duration};

use futures::future::{BoxFuture, Fuse, FusedFuture as _, FutureExt as _};
use rmcp::{Peer, RoleClient, ServiceError, ServiceExt as _, model::ErrorCode};
use tokio::{
    process::{ChildStdin, ChildStdout},
    sync::{Notify, watch},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    McpServerConfig, Pace,
    client::McpClient,
    process::McpProcess,
    server::McpServer,
    state::{Connection, McpServerState},
};
use crate::{
    registry::{PrefixClaim, Registry, ToolOffer},
    tool::{ProviderKind, Tool},
};

/// Looks after one server until it is told to stop.
#[derive(Debug)]
pub(crate) struct Life {
    spec: Arc<McpServerConfig>,
    pace: Pace,
    registry: Arc<Registry>,
    state: watch::Sender<McpServerState>,
    server: Arc<McpServer>,
    stop: CancellationToken,
    /// `<server>:…`, whatever its tools are.
    _names: PrefixClaim,
}

/// One run of the program, from its first answer on.
struct Run {
    peer: Peer<RoleClient>,
    /// Resolves when the program says nothing more.
    silent: BoxFuture<'static, ()>,
    changed: Arc<Notify>,
}

/// What a program hears, and what it says.
type Speech = (ChildStdin, ChildStdout);
/// Why a run is over; `None` = we were told to stop.
type Over = Option<String>;
type Listed = Result<Vec<Tool>, String>;

impl Life {
    pub(crate) fn new(
        spec: McpServerConfig,
        pace: Pace,
        registry: &Arc<Registry>,
        stop: CancellationToken,
    ) -> Self {
        let (state, seen) = watch::channel(McpServerState::Starting);
        let server = Arc::new(McpServer::new(&spec.name, seen));
        let claimant: Arc<McpServer> = Arc::clone(&server);
        // Before anything runs: a call may come at once.
        let names = registry.claim(format!("{}:", spec.name), ProviderKind::Mcp, claimant);
        Self {
            _names: names,
            spec: Arc::new(spec),
            pace,
            registry: Arc::clone(registry),
            state,
            server,
            stop,
        }
    }

    pub(crate) async fn live(self) {
        let mut offer = None;
        let mut failed = 0;
        loop {
            self.state.send_replace(McpServerState::Starting);
            let mut up = None;
            let (over, process) = match McpProcess::start(&self.spec) {
                Ok((mut process, stdin, stdout)) => (
                    self.run(&mut process, (stdin, stdout), &mut offer, &mut up).await,
                    Some(process),
                ),
                Err(error) => {
                    (Some(format!("could not be started: {}: {error}", self.spec.command)), None)
                }
            };
            let lived = up.map_or(Duration::ZERO, |up: Instant| up.elapsed());
            let (pause, now_failed) = self.pace.backoff.after(lived, failed);
            failed = now_failed;
            let until = Instant::now() + pause;
            let why = over.map(|over| format!("MCP server {} {over}", self.spec.name));
            if let Some(why) = why.clone() {
                self.state.send_replace(McpServerState::Down { why, until });
            }
            let last_words = match process {
                Some(process) => process.end().await,
                None => String::new(),
            };
            let Some(why) = why else { return };
            tracing::warn!(last_words, ?pause, "{why}");
            tokio::select! {
                () = tokio::time::sleep_until(until) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// One run of the program.
    async fn run(
        &self,
        process: &mut McpProcess,
        speech: Speech,
        offer: &mut Option<ToolOffer>,
        up: &mut Option<Instant>,
    ) -> Over {
        let (run, tools) = tokio::select! {
            biased;
            () = self.stop.cancelled() => return None,
            ended = process.ended() => return Some(ending(&ended)),
            greeted = self.greet(speech) => match greeted {
                Ok(greeted) => greeted,
                Err(why) => return Some(why),
            },
        };
        *up = Some(Instant::now());
        self.watch(run, tools, offer, process).await
    }

    /// Shakes hands and lists the tools.
    async fn greet(&self, (stdin, stdout): Speech) -> Result<(Run, Vec<Tool>), String> {
        let client = McpClient::default();
        let changed = Arc::clone(&client.changed);
        let within = self.pace.start;
        let greeting = async {
            let running = client.serve((stdout, stdin)).await;
            let running = running.map_err(|error| format!("does not speak MCP: {error}"))?;
            let peer = running.peer().clone();
            let tools = list(peer.clone(), self.spec.name.clone()).await?;
            let silent = running.waiting().map(|_| ()).boxed();
            Ok((Run { peer, silent, changed }, tools))
        };
        match timeout(within, greeting).await {
            Ok(greeted) => greeted,
            Err(_) => Err(format!("did not answer within {within:?} of its start")),
        }
    }

    /// Offers the tools until the run is over.
    async fn watch(
        &self,
        mut run: Run,
        tools: Vec<Tool>,
        offer: &mut Option<ToolOffer>,
        process: &mut McpProcess,
    ) -> Over {
        let connection = Arc::new(Connection::new(run.peer.clone()));
        self.offer(tools, offer);
        self.state.send_replace(McpServerState::Up(Arc::clone(&connection)));
        let mut listing: Fuse<BoxFuture<'_, Listed>> = Fuse::terminated();
        let mut ping: Fuse<BoxFuture<'_, bool>> = Fuse::terminated();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                ended = process.ended() => return Some(ending(&ended)),
                () = &mut run.silent => return Some("closed its output".to_owned()),
                alive = &mut ping, if !ping.is_terminated() => if !alive {
                    return Some(format!("gave no sign of life for {:?}", self.pace.silence));
                },
                listed = &mut listing, if !listing.is_terminated() => match listed {
                    Ok(tools) => self.offer(tools, offer),
                    Err(why) => tracing::warn!(server = self.spec.name, "its tools stay as they were: it {why}"),
                },
                () = connection.doubt.notified(), if ping.is_terminated() => {
                    ping = connection.alive(self.pace.silence).boxed().fuse();
                }
                () = run.changed.notified(), if listing.is_terminated() => {
                    listing = self.list_again(run.peer.clone()).boxed().fuse();
                }
            }
        }
    }

    async fn list_again(&self, peer: Peer<RoleClient>) -> Listed {
        let listed = timeout(self.pace.silence, list(peer, self.spec.name.clone())).await;
        listed.unwrap_or_else(|_| Err("did not list them".to_owned()))
    }

    fn offer(&self, tools: Vec<Tool>, offer: &mut Option<ToolOffer>) {
        tracing::info!(server = self.spec.name, tools = tools.len(), "MCP server offers tools");
        match offer {
            Some(offer) => offer.replace(tools),
            none => {
                let server: Arc<McpServer> = Arc::clone(&self.server);
                *none = Some(self.registry.offer(tools, server));
            }
        }
    }
}

/// How a program ended, in words that follow its name.
fn ending(status: &io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => format!("ended ({status})"),
        Err(error) => format!("was lost: {error}"),
    }
}

/// All tools of a server, under our names.
async fn list(peer: Peer<RoleClient>, server: String) -> Listed {
    let tools = match peer.list_all_tools().await {
        Ok(tools) => tools,
        // A server without tools need not know of them.
        Err(ServiceError::McpError(error)) if error.code == ErrorCode::METHOD_NOT_FOUND => {
            Vec::new()
        }
        Err(error) => return Err(format!("does not list its tools: {error}")),
    };
    Ok(tools.into_iter().map(|tool| ours(&server, tool)).collect())
}

fn ours(server: &str, tool: rmcp::model::Tool) -> Tool {
    let notes = [
        ("mcp_server", Some(server.to_owned())),
        ("mcp_tool", Some(tool.name.clone().into_owned())),
        ("title", tool.title),
    ];
    let note = |(key, value): (&str, Option<String>)| value.map(|value| (key.to_owned(), value));
    Tool {
        name: format!("{server}:{}", tool.name),
        description: tool.description.unwrap_or_default().into_owned(),
        parameters_schema: serde_json::Value::Object((*tool.input_schema).clone()).to_string(),
        provider: ProviderKind::Mcp,
        metadata: notes.into_iter().filter_map(note).collect::<HashMap<_, _>>(),
    }
}
