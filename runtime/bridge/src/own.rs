//! The tools of the runtime itself: language models and MCP servers.

use std::sync::Arc;

use loom_core::{
    Runtime, ToolOffer,
    llm::{Generate, LlmClient},
    mcp::{McpServers, Pace},
};

use crate::settings::ServerSettings;

/// Offered as long as this lives.
#[derive(Debug)]
pub(crate) struct Own {
    _llm: ToolOffer,
    mcp: McpServers,
}

impl Own {
    /// Offers `llm:generate` and starts the MCP servers; waits for none of them.
    pub(crate) fn start(settings: &ServerSettings, core: &Arc<Runtime>) -> Self {
        for provider in &settings.providers.all {
            if let Some(why) = provider.fault() {
                tracing::warn!(provider = provider.name, "language model cannot be used: {why}");
            }
        }
        let generate =
            Generate::new(settings.providers.clone(), LlmClient::default(), Arc::downgrade(core));
        Self {
            _llm: core.tools.offer(vec![Generate::tool()], Arc::new(generate)),
            mcp: McpServers::start(settings.mcp.clone(), &core.tools, Pace::default()),
        }
    }

    /// Ends the MCP servers.
    pub(crate) async fn stop(&mut self) {
        std::mem::take(&mut self.mcp).stop().await;
    }
}
