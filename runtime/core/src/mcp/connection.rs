//! The state of an MCP server, and the connection to one that answers.

use std::{sync::Arc, time::Duration};

use rmcp::{
    Peer, RoleClient, ServiceError,
    model::{CallToolRequestParams, ClientRequest},
};
use serde_json::{Map, Value};
use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit},
    time::{Instant, timeout, timeout_at},
};

use super::result;
use crate::tool::{ToolFailure, ToolFailureKind, ToolResult};

/// The number of calls that a server executes at the same time; further ones wait for their turn.
pub(super) const MAX_CONCURRENT: usize = 256;
/// The number of calls that may wait: a server that hangs must not keep any number of them in memory.
const MAX_WAITING: usize = 4096;

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
    /// One permit per call that the server may execute now.
    running: Semaphore,
    /// One permit per call that may wait for its turn.
    waiting: Semaphore,
    /// Notified when a call got no response in time: the server may hang.
    pub(super) is_suspect: Notify,
}

impl McpConnection {
    pub(super) fn new(peer: Peer<RoleClient>) -> Self {
        Self {
            peer,
            running: Semaphore::new(MAX_CONCURRENT),
            waiting: Semaphore::new(MAX_WAITING),
            is_suspect: Notify::new(),
        }
    }

    /// Calls a tool. Calls run concurrently, as many as a server may be expected to execute; further ones wait within
    /// their own time. A call whose time is over, or whose future is dropped, is cancelled at the server.
    pub(super) async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Option<Map<String, Value>>,
        limit: Duration,
    ) -> ToolResult {
        let deadline = Instant::now() + limit;
        let _running = self.turn(server, deadline, limit).await?;
        let mut params = CallToolRequestParams::new(tool.to_owned());
        params.arguments = arguments;
        // A request that is dropped without a response sends a cancellation to the server.
        let Ok(response) = timeout_at(deadline, self.peer.call_tool_once(params)).await else {
            self.is_suspect.notify_one();
            let message =
                format!("MCP server {server} did not return the result of {tool} within {limit:?}");
            return Err(ToolFailure::new(ToolFailureKind::Timeout, message));
        };
        match response {
            Ok(response) => result::tool_result(server, response),
            Err(error) => {
                if is_unreachable(&error) {
                    self.is_suspect.notify_one();
                }
                Err(result::call_failure(server, tool, error))
            }
        }
    }

    /// Waits until the server may execute one more call.
    async fn turn(
        &self,
        server: &str,
        deadline: Instant,
        limit: Duration,
    ) -> Result<SemaphorePermit<'_>, ToolFailure> {
        if let Ok(running) = self.running.try_acquire() {
            return Ok(running);
        }
        let failure = |kind, why: String| {
            self.is_suspect.notify_one();
            ToolFailure::new(kind, format!("MCP server {server} {why}"))
        };
        let Ok(_waiting) = self.waiting.try_acquire() else {
            let why = format!("has {MAX_CONCURRENT} calls to execute and {MAX_WAITING} waiting");
            return Err(failure(ToolFailureKind::Execution, why));
        };
        match timeout_at(deadline, self.running.acquire()).await {
            Ok(Ok(running)) => Ok(running),
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => {
                let why = format!("completed none of its {MAX_CONCURRENT} calls within {limit:?}");
                Err(failure(ToolFailureKind::Timeout, why))
            }
        }
    }

    /// Pings the server; false if it does not respond in time.
    pub(super) async fn is_alive(&self, limit: Duration) -> bool {
        let ping = self.peer.send_request(ClientRequest::PingRequest(Default::default()));
        // An error response is a sign of life too.
        let ended = timeout(limit, ping).await;
        ended.is_ok_and(|response| !response.is_err_and(|error| is_unreachable(&error)))
    }
}

/// Whether a request did not reach the server.
fn is_unreachable(error: &ServiceError) -> bool {
    matches!(error, ServiceError::TransportClosed | ServiceError::TransportSend(_))
}
