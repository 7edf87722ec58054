//! Tools that agents execute: a call goes to the agent's newest stream, and the result comes back on it.

use std::sync::{Arc, Weak};

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{
    directory::Directory,
    pending_calls::PendingCalls,
    tool::{ToolCall, ToolFailure, ToolFailureKind, ToolResult},
    tool_provider::ToolProvider,
};

/// Executes the tools of one agent.
#[derive(Debug)]
pub struct AgentTools {
    agent: String,
    /// Weak, since the directory holds the offer of these tools, which holds this provider.
    directory: Weak<Directory>,
    calls: Arc<PendingCalls>,
}

impl AgentTools {
    /// The tools of `agent`, whose streams are in `directory`.
    pub(crate) fn new(agent: &str, directory: &Arc<Directory>, calls: &Arc<PendingCalls>) -> Self {
        let directory = Arc::downgrade(directory);
        Self { agent: agent.to_owned(), directory, calls: Arc::clone(calls) }
    }

    async fn forward(&self, mut call: ToolCall) -> ToolResult {
        let directory = self.directory.upgrade();
        let newest = directory.and_then(|directory| directory.newest_stream(&self.agent));
        let (stream, mailbox) = newest.ok_or_else(|| self.failure("is not connected"))?;
        let mut pending = self.calls.begin(stream, &call.id);
        call.id.clone_from(&pending.id);
        if !mailbox.call_tool(Arc::new(call)) {
            return Err(self.failure("does not read its stream, or has just closed it"));
        }
        let result = pending.result().await;
        result.unwrap_or_else(|| Err(self.failure("disconnected before it returned a result")))
    }

    fn failure(&self, reason: &str) -> ToolFailure {
        let message = format!("agent {} {reason}", self.agent);
        ToolFailure::new(ToolFailureKind::Execution, message)
    }
}

impl ToolProvider for AgentTools {
    fn call(&self, call: ToolCall, _cancel: CancellationToken) -> BoxFuture<'_, ToolResult> {
        // A dropped future forgets the call. The protocol has no message that cancels it at the agent.
        Box::pin(self.forward(call))
    }

    fn ready(&self) -> Result<(), String> {
        let directory = self.directory.upgrade();
        match directory.and_then(|directory| directory.newest_stream(&self.agent)) {
            Some(_) => Ok(()),
            None => Err(format!("agent {} is not connected", self.agent)),
        }
    }
}
