//! What we are to the server: somebody who hears that its tools changed.

use std::sync::Arc;

use rmcp::{
    ClientHandler, RoleClient,
    model::{ClientCapabilities, ClientConfig, Implementation},
    service::NotificationContext,
};
use tokio::sync::Notify;

/// Our side of a connection. We offer the server nothing: no sampling, no roots, no questions to people.
#[derive(Debug, Default)]
pub(crate) struct McpClient {
    /// The server said that its tools changed.
    pub(crate) changed: Arc<Notify>,
}

impl ClientHandler for McpClient {
    fn get_info(&self) -> ClientConfig {
        let us = Implementation::new("loom", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), us)
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}
