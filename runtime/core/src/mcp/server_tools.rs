//! Executes the tools of one MCP server.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt as _, future::BoxFuture};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, field};

use super::{
    connection::{McpConnection, McpServerState},
    result,
};
use crate::{
    tool::{ToolCall, ToolFailure, ToolFailureKind, ToolResult},
    tool_provider::ToolProvider,
};

/// How much earlier than the runtime the provider gives up: its own failure names the server.
const MARGIN: Duration = Duration::from_millis(50);

/// The tools of one server.
#[derive(Debug)]
pub(super) struct McpServerTools {
    server: String,
    state: watch::Receiver<McpServerState>,
}

impl McpServerTools {
    pub(super) fn new(server: &str, state: watch::Receiver<McpServerState>) -> Self {
        Self { server: server.to_owned(), state }
    }

    async fn execute(&self, call: ToolCall) -> ToolResult {
        let tool = call.name.split_once(':').map_or(&*call.name, |(_, tool)| tool);
        let arguments = result::arguments(&call.arguments).map_err(|reason| {
            let message = format!("arguments of {}: {reason}", call.name);
            ToolFailure::new(ToolFailureKind::InvalidArguments, message)
        })?;
        let limit = call.timeout();
        let deadline = Instant::now() + limit.saturating_sub(MARGIN.min(limit / 20));
        let connection = self.connection(deadline).await?;
        let remaining = deadline.saturating_duration_since(Instant::now());
        connection.call(&self.server, tool, arguments, remaining).await
    }

    /// The connection to the server. Waits for a server that is being started, and not for one that does not run.
    async fn connection(&self, deadline: Instant) -> Result<Arc<McpConnection>, ToolFailure> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| !matches!(state, McpServerState::Starting));
        let (kind, what) = match timeout_at(deadline, settled).await {
            Ok(Ok(settled)) => match &*settled {
                McpServerState::Up(connection) => return Ok(Arc::clone(connection)),
                McpServerState::Down { reason, until } => {
                    let pause = until.saturating_duration_since(Instant::now()).as_secs_f32();
                    let message = format!("{reason}; it is started again in {pause:.1} s");
                    return Err(ToolFailure::new(ToolFailureKind::Execution, message));
                }
                McpServerState::Starting => (ToolFailureKind::Timeout, "is still being started"),
            },
            Ok(Err(_)) => (ToolFailureKind::Execution, "is being stopped"),
            Err(_) => (ToolFailureKind::Timeout, "is still being started"),
        };
        Err(ToolFailure::new(kind, format!("MCP server {} {what}", self.server)))
    }
}

impl ToolProvider for McpServerTools {
    fn call(&self, call: ToolCall, _: CancellationToken) -> BoxFuture<'_, ToolResult> {
        let span = tracing::info_span!(
            "mcp.call",
            tool = call.name,
            server = self.server,
            status = field::Empty,
            error = field::Empty
        );
        async move {
            let result = self.execute(call).await;
            match &result {
                Ok(_) => _ = Span::current().record("status", "ok"),
                // Without the message, which may repeat the arguments.
                Err(failure) => {
                    Span::current().record("status", "error").record("error", &*failure.code);
                }
            }
            result
        }
        .instrument(span)
        .boxed()
    }
}
