//! The tools of the runtime itself: language models and MCP servers.

use std::sync::Arc;

use loom_core::{
    Runtime, ToolOffer,
    llm::{GenerateTool, LlmClient},
    mcp::{McpServerStates, McpServers, McpTimeouts},
};

use crate::settings::ServerSettings;

/// The built-in tools. Dropping the value withdraws them.
#[derive(Debug)]
pub(crate) struct BuiltinTools {
    _llm: ToolOffer,
    mcp: McpServers,
}

impl BuiltinTools {
    /// Offers `llm:generate` and starts the MCP servers. Does not wait for the servers.
    pub(crate) fn start(settings: &ServerSettings, runtime: &Runtime) -> Self {
        for provider in &settings.llm.all {
            if let Err(reason) = provider.check() {
                tracing::warn!(provider = provider.name, "LLM provider cannot be used: {reason}");
            }
        }
        let providers = settings.llm.clone();
        let generate = GenerateTool::new(providers, LlmClient::default(), runtime.downgrade());
        let tools = vec![GenerateTool::tool()];
        let registry = runtime.registry();
        Self {
            _llm: registry.offer(tools, Arc::new(generate)),
            mcp: McpServers::start(settings.mcp.clone(), registry, McpTimeouts::default()),
        }
    }

    /// The states of the MCP servers.
    pub(crate) fn mcp_states(&self) -> McpServerStates {
        self.mcp.states()
    }

    /// Ends the MCP servers.
    pub(crate) async fn stop(&mut self) {
        std::mem::take(&mut self.mcp).stop().await;
    }
}
