//! How a server is just now, for everybody who calls it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rmcp::{
    Peer, RoleClient,
    model::{CallToolRequestParams, ClientRequest},
};
use serde_json::{Map, Value};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

use super::answer;
use crate::tool::{ToolFailure, ToolFailureKind, ToolResult};

/// How many calls may have gone to a server since it last said anything: it may hang, and all of them wait in memory.
const UNHEARD: usize = 256;

/// How a server is.
#[derive(Debug, Clone)]
pub(crate) enum McpServerState {
    /// It is being started.
    Starting,
    /// It answers.
    Up(Arc<Connection>),
    /// It is not running.
    Down {
        /// Why, as in "MCP server x …".
        why: String,
        /// When it is started again.
        until: Instant,
    },
}

/// A server that answers.
#[derive(Debug)]
pub(crate) struct Connection {
    peer: Peer<RoleClient>,
    /// Calls since the server last said anything.
    unheard: AtomicUsize,
    /// A call had no answer in time: is the server still there?
    pub(crate) doubt: Notify,
}

impl Connection {
    pub(crate) fn new(peer: Peer<RoleClient>) -> Self {
        Self { peer, unheard: AtomicUsize::new(0), doubt: Notify::new() }
    }

    /// Calls a tool. Calls run beside each other; one that is given up, by its time or by its caller, is cancelled at
    /// the server.
    pub(crate) async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Option<Map<String, Value>>,
        limit: Duration,
    ) -> ToolResult {
        let waiting = self.unheard.fetch_add(1, Ordering::Relaxed);
        if waiting >= UNHEARD {
            self.unheard.fetch_sub(1, Ordering::Relaxed);
            self.doubt.notify_one();
            let why = format!("MCP server {server} has {waiting} calls waiting and answers none");
            return Err(ToolFailure::new(ToolFailureKind::Execution, why));
        }
        let mut params = CallToolRequestParams::new(tool.to_owned());
        params.arguments = arguments;
        // Dropped before it has an answer, it tells the server to stop.
        let Ok(answered) = timeout(limit, self.peer.call_tool_once(params)).await else {
            self.doubt.notify_one();
            let why =
                format!("MCP server {server} did not answer the call of {tool} within {limit:?}");
            return Err(ToolFailure::new(ToolFailureKind::Timeout, why));
        };
        self.heard();
        match answered {
            Ok(response) => answer::answer(server, response),
            Err(error) => Err(answer::failure(server, tool, error)),
        }
    }

    /// Asks for a sign of life; false when there is none in time.
    pub(crate) async fn alive(&self, within: Duration) -> bool {
        let ping = self.peer.send_request(ClientRequest::PingRequest(Default::default()));
        // An error is an answer as well.
        let alive = timeout(within, ping).await.is_ok();
        if alive {
            self.heard();
        }
        alive
    }

    fn heard(&self) {
        self.unheard.store(0, Ordering::Relaxed);
    }
}
