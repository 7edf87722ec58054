//! All MCP servers of a runtime.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{
    config::{McpServerConfig, McpTimeouts},
    server_states::McpServerStates,
    server_task::McpServerTask,
};
use crate::registry::Registry;

/// The running MCP servers. Dropping it kills them; [`McpServers::stop`] lets them end.
#[derive(Debug, Default)]
pub struct McpServers {
    stop: CancellationToken,
    tasks: JoinSet<()>,
    states: McpServerStates,
}

impl McpServers {
    /// Starts the servers concurrently and offers their tools as soon as each has listed them. Does not wait for them.
    pub fn start(
        configs: Vec<McpServerConfig>,
        registry: &Arc<Registry>,
        timeouts: McpTimeouts,
    ) -> Self {
        let mut servers = Self::default();
        for config in configs {
            let task = McpServerTask::new(config, timeouts, registry, servers.stop.clone());
            task.observe(&mut servers.states);
            servers.tasks.spawn(task.run());
        }
        servers
    }

    /// The states of the servers, for observers.
    pub fn states(&self) -> McpServerStates {
        self.states.clone()
    }

    /// Ends all servers; takes a few seconds at most.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}
