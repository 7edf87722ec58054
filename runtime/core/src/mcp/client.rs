//! The runtime's side of a connection to an MCP server.

use std::sync::Arc;

use rmcp::{
    ClientHandler, RoleClient,
    model::{ClientCapabilities, ClientConfig, Implementation},
    service::NotificationContext,
};
use tokio::sync::Notify;

/// A client without capabilities: it offers the server neither sampling, roots nor elicitation.
#[derive(Debug, Default)]
pub(super) struct McpClient {
    /// Notified when the server reports that its tools changed.
    pub(super) tools_changed: Arc<Notify>,
}

impl ClientHandler for McpClient {
    fn get_info(&self) -> ClientConfig {
        let implementation = Implementation::new("loom", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), implementation)
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.tools_changed.notify_one();
    }
}
