//! Which runtime this is, and what it depends on.

use loom_base::HostPort;
use loom_core::{llm::LlmProviders, mcp::McpServerStates};

use crate::settings::ServerSettings;

/// What the page shows about the runtime, and what it asks for its state.
#[derive(Debug, Clone)]
pub struct RuntimeIdentity {
    pub(super) project: Option<String>,
    pub(super) bridge: HostPort,
    pub(super) has_tls: bool,
    pub(super) has_token: bool,
    pub(super) llm: LlmProviders,
    pub(super) mcp: McpServerStates,
}

impl RuntimeIdentity {
    /// The identity of a runtime with these settings, which agents reach at `bridge`.
    pub fn new(settings: &ServerSettings, bridge: HostPort, mcp: McpServerStates) -> Self {
        Self {
            project: settings.project.clone(),
            bridge: bridge.reachable(),
            has_tls: settings.tls.is_some(),
            has_token: settings.token.is_some(),
            llm: settings.llm.clone(),
            mcp,
        }
    }
}
