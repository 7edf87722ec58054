//! [`Resolved`]: the effective configuration.

use std::{collections::BTreeMap, path::PathBuf};

use loom_source::{Authority, Name};

use super::{
    Diagnostic, RawValue, Setting, SourceSpec, Untrusted,
    keys::{
        bridge::BridgeSettings, dashboard::DashboardSettings, deploy::DeploySettings,
        history::RunHistorySettings, llm::LlmSettings, mcp::McpServerSettings, project::Project,
        store::StoreSettings, trust::TrustSettings, update::UpdateSettings,
    },
};
use crate::state::StateDir;

/// The effective configuration of one invocation. Each value records the layer that it comes from.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The project of the current folder.
    pub project: Project,
    /// `[bridge]`: how the runtime listens, and which release runs.
    pub bridge: BridgeSettings,
    /// `[dashboard]`
    pub dashboard: DashboardSettings,
    /// `[history]`: what the history of runs keeps, and where.
    pub history: RunHistorySettings,
    /// `[llm]`: language model providers.
    pub llm: LlmSettings,
    /// `[mcp]`: MCP servers by name.
    pub mcp: BTreeMap<String, McpServerSettings>,
    /// `[agents]`: settings of agents by name, of any kind.
    pub agents: BTreeMap<String, Setting<BTreeMap<String, Setting<RawValue>>>>,
    /// `[deploy]`: what `loom deploy render` writes.
    pub deploy: DeploySettings,
    /// The sources in the order in which they are asked.
    pub sources: Setting<Vec<SourceSpec>>,
    /// `[trust]`: what must be proven before a release enters the store.
    pub trust: TrustSettings,
    /// `[store]`
    pub store: StoreSettings,
    /// `[update]`
    pub update: UpdateSettings,
    /// Whether network access beyond loopback is disabled.
    pub offline: Setting<bool>,
    /// Whether the lock file has to be there and to agree with the project's file.
    pub locked: Setting<bool>,
    /// Whether the lock file decides alone, whatever the project's file says.
    pub frozen: Setting<bool>,
    /// Whether this run accepts releases without a checksum.
    pub allow_unverified: Setting<bool>,
    /// The authority whose releases are managed.
    pub authority: Setting<Authority>,
    /// The binary that commands manage.
    pub binary: Setting<Name>,
    /// The folder of the store, absolute.
    pub cache_dir: Setting<PathBuf>,
    /// The folder for what must outlive the cache.
    pub state_dir: Setting<StateDir>,
    /// The settings of an untrusted project that have no effect.
    pub untrusted: Option<Untrusted>,
    /// The keys that the machine-wide file fixes for all users.
    pub locked_keys: Vec<String>,
    /// Where the machine-wide file says so, such as `/etc/loom/config.toml:7`; empty if it fixes nothing.
    pub locked_by: String,
    /// Settings that are allowed and probably a mistake.
    pub warnings: Vec<Diagnostic>,
    /// The configuration files that were read, highest first.
    pub files: Vec<PathBuf>,
}

impl Resolved {
    /// Whether the machine-wide file fixes the key for all users.
    pub fn is_locked(&self, key: &str) -> bool {
        self.locked_keys.iter().any(|locked| locked == key)
    }
}
