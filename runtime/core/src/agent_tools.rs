//! Agents as carriers-out of tools: a call travels down the agent's newest stream and its answer comes back on it.

use std::sync::{Arc, Weak};

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{
    calls::Calls,
    directory::Directory,
    registry::ToolProvider,
    tool::{ToolCall, ToolFailure, ToolFailureKind, ToolResult},
};

/// The tools of one agent.
#[derive(Debug)]
pub struct AgentTools {
    agent: String,
    /// Weak: the directory holds the offer of these tools, and that holds us.
    directory: Weak<Directory>,
    calls: Arc<Calls>,
}

impl AgentTools {
    /// Of an agent that the directory knows, or will.
    pub(crate) fn new(agent: &str, directory: &Arc<Directory>, calls: &Arc<Calls>) -> Self {
        let directory = Arc::downgrade(directory);
        Self { agent: agent.to_owned(), directory, calls: Arc::clone(calls) }
    }

    async fn ask(&self, mut call: ToolCall) -> ToolResult {
        let newest = self.directory.upgrade().and_then(|directory| directory.newest(&self.agent));
        let (stream, mailbox) = newest.ok_or_else(|| self.failed("is not connected"))?;
        let mut waiting = self.calls.begin(stream, &call.id);
        call.id.clone_from(&waiting.id);
        if !mailbox.call(Arc::new(call)) {
            return Err(self.failed("does not take calls at the moment"));
        }
        let answer = waiting.answer().await;
        answer.unwrap_or_else(|| Err(self.failed("disconnected before it answered")))
    }

    fn failed(&self, why: &str) -> ToolFailure {
        ToolFailure::new(ToolFailureKind::Execution, format!("Agent {} {why}", self.agent))
    }
}

impl ToolProvider for AgentTools {
    fn call(&self, call: ToolCall, _cancel: CancellationToken) -> BoxFuture<'_, ToolResult> {
        // Dropped, it forgets the call; the agent cannot be told to stop.
        Box::pin(self.ask(call))
    }

    fn ready(&self) -> Result<(), String> {
        let directory = self.directory.upgrade();
        match directory.and_then(|directory| directory.newest(&self.agent)) {
            Some(_) => Ok(()),
            None => Err(format!("agent {} is not connected", self.agent)),
        }
    }
}
