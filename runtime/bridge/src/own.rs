//! The tools of the runtime itself: language models and MCP servers.

use std::sync::Arc;

use loom_core::{
    Offer, Runtime,
    llm::{Client, Generate},
    mcp::{Pace, Servers},
};

use crate::settings::Settings;

/// Offered as long as this lives.
#[derive(Debug)]
pub(crate) struct Own {
    _llm: Offer,
    mcp: Servers,
}

impl Own {
    /// Offers `llm:generate` and starts the MCP servers; waits for none of them.
    pub(crate) fn start(settings: &Settings, core: &Arc<Runtime>) -> Self {
        for provider in &settings.providers.all {
            if let Some(why) = provider.fault() {
                tracing::warn!(provider = provider.name, "language model cannot be used: {why}");
            }
        }
        let generate =
            Generate::new(settings.providers.clone(), Client::default(), Arc::downgrade(core));
        Self {
            _llm: core.tools.offer(vec![Generate::tool()], Arc::new(generate)),
            mcp: Servers::start(settings.mcp.clone(), &core.tools, Pace::default()),
        }
    }

    /// Ends the MCP servers.
    pub(crate) async fn stop(&mut self) {
        std::mem::take(&mut self.mcp).stop().await;
    }
}
