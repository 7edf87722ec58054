//! One server's calls.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt as _, future::BoxFuture};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, field};

use super::{
    answer,
    state::{Connection, McpServerState},
};
use crate::{
    registry::ToolProvider,
    tool::{ToolCall, ToolFailure, ToolFailureKind, ToolResult},
};

/// How much earlier than the caller we stop waiting: the failure then says who kept it waiting.
const EARLIER: Duration = Duration::from_millis(50);

/// Carries out the tools of one server.
#[derive(Debug)]
pub(crate) struct McpServer {
    name: String,
    state: watch::Receiver<McpServerState>,
}

impl McpServer {
    pub(crate) fn new(name: &str, state: watch::Receiver<McpServerState>) -> Self {
        Self { name: name.to_owned(), state }
    }

    async fn answer(&self, call: ToolCall) -> ToolResult {
        let tool = call.name.split_once(':').map_or(&*call.name, |(_, tool)| tool);
        let arguments = answer::arguments(&call.arguments).map_err(|why| {
            let why = format!("Arguments of {}: {why}", call.name);
            ToolFailure::new(ToolFailureKind::InvalidArguments, why)
        })?;
        let limit = call.timeout();
        let limit = Instant::now() + limit.saturating_sub(EARLIER.min(limit / 20));
        let connection = self.connection(limit).await?;
        let left = limit.saturating_duration_since(Instant::now());
        connection.call(&self.name, tool, arguments, left).await
    }

    /// A server that is being started is waited for, one that is not running is not.
    async fn connection(&self, limit: Instant) -> Result<Arc<Connection>, ToolFailure> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| !matches!(state, McpServerState::Starting));
        let kind = match timeout_at(limit, settled).await {
            Ok(Ok(settled)) => match &*settled {
                McpServerState::Up(connection) => return Ok(Arc::clone(connection)),
                McpServerState::Down { why, until } => {
                    let again = until.saturating_duration_since(Instant::now());
                    let why = format!("{why}; it is started again in {:.1} s", again.as_secs_f32());
                    return Err(ToolFailure::new(ToolFailureKind::Execution, why));
                }
                McpServerState::Starting => ToolFailureKind::Timeout,
            },
            Ok(Err(_)) => ToolFailureKind::Execution,
            Err(_) => ToolFailureKind::Timeout,
        };
        let why = match kind {
            ToolFailureKind::Timeout => "is still being started",
            _ => "is being stopped",
        };
        Err(ToolFailure::new(kind, format!("MCP server {} {why}", self.name)))
    }
}

impl ToolProvider for McpServer {
    fn call(&self, call: ToolCall, _: CancellationToken) -> BoxFuture<'_, ToolResult> {
        let span = tracing::info_span!(
            "mcp.call",
            tool = call.name,
            server = self.name,
            status = field::Empty,
            error = field::Empty
        );
        async move {
            let answer = self.answer(call).await;
            match &answer {
                Ok(_) => _ = Span::current().record("status", "ok"),
                // Without its message, which may hold what the tool was given.
                Err(failure) => {
                    Span::current().record("status", "error").record("error", &*failure.code);
                }
            }
            answer
        }
        .instrument(span)
        .boxed()
    }
}
