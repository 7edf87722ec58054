//! The state of an MCP server, and the connection to one that answers.

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

use super::result;
use crate::tool::{ToolFailure, ToolFailureKind, ToolResult};

/// The number of calls that may be sent to a server since its last response: one that hangs must not keep any number of
/// calls in memory.
const MAX_UNANSWERED: usize = 256;

/// The state of a server.
#[derive(Debug, Clone)]
pub(super) enum McpServerState {
    /// The server is being started.
    Starting,
    /// The server answers.
    Up(Arc<McpConnection>),
    /// The server does not run.
    Down {
        /// The reason, as in "MCP server x ended".
        reason: String,
        /// When the server is started again.
        until: Instant,
    },
}

/// The connection to a server that answers.
#[derive(Debug)]
pub(super) struct McpConnection {
    peer: Peer<RoleClient>,
    /// The number of calls since the server's last response.
    unanswered: AtomicUsize,
    /// Notified when a call got no response in time: the server may hang.
    pub(super) is_suspect: Notify,
}

impl McpConnection {
    pub(super) fn new(peer: Peer<RoleClient>) -> Self {
        Self { peer, unanswered: AtomicUsize::new(0), is_suspect: Notify::new() }
    }

    /// Calls a tool. Calls run concurrently. A call whose time is over, or whose future is dropped, is cancelled at the
    /// server.
    pub(super) async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Option<Map<String, Value>>,
        limit: Duration,
    ) -> ToolResult {
        let unanswered = self.unanswered.fetch_add(1, Ordering::Relaxed);
        if unanswered >= MAX_UNANSWERED {
            self.unanswered.fetch_sub(1, Ordering::Relaxed);
            self.is_suspect.notify_one();
            let message = format!("MCP server {server} has {unanswered} unanswered calls");
            return Err(ToolFailure::new(ToolFailureKind::Execution, message));
        }
        let mut params = CallToolRequestParams::new(tool.to_owned());
        params.arguments = arguments;
        // A request that is dropped without a response sends a cancellation to the server.
        let Ok(response) = timeout(limit, self.peer.call_tool_once(params)).await else {
            self.is_suspect.notify_one();
            let message =
                format!("MCP server {server} did not return the result of {tool} within {limit:?}");
            return Err(ToolFailure::new(ToolFailureKind::Timeout, message));
        };
        self.responded();
        match response {
            Ok(response) => result::tool_result(server, response),
            Err(error) => Err(result::call_failure(server, tool, error)),
        }
    }

    /// Pings the server; false if it does not respond in time.
    pub(super) async fn is_alive(&self, limit: Duration) -> bool {
        let ping = self.peer.send_request(ClientRequest::PingRequest(Default::default()));
        // An error response is a sign of life too.
        let is_alive = timeout(limit, ping).await.is_ok();
        if is_alive {
            self.responded();
        }
        is_alive
    }

    fn responded(&self) {
        self.unanswered.store(0, Ordering::Relaxed);
    }
}
