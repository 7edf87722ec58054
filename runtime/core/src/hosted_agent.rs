//! What the runtime keeps for an agent independently of its streams: the profile of a created agent, and state.

use std::{collections::HashMap, time::SystemTime};

use bytes::Bytes;

use crate::registration::map_size;

/// The description of an agent that was created through the runtime, as its creator gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostedProfile {
    /// The type of agent; the field is called `agent_type` on the wire.
    pub kind: String,
    /// Capabilities in the creator's words; these are not tools.
    pub capabilities: Vec<String>,
    /// Settings of the agent.
    pub parameters: HashMap<String, String>,
}

impl HostedProfile {
    /// The size of the content in bytes.
    pub fn size(&self) -> usize {
        let capabilities: usize = self.capabilities.iter().map(String::len).sum();
        self.kind.len() + capabilities + map_size(&self.parameters)
    }
}

/// State that the runtime keeps for an agent, in memory and uninterpreted, as long as the agent is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentState {
    /// State that is meant to outlive the agent's process.
    pub persistent: Bytes,
    /// Context that need not outlive the agent's process.
    pub ephemeral: Bytes,
    /// When the state was last updated, by the runtime's clock.
    pub updated: Option<SystemTime>,
    /// Metadata of the agent.
    pub metadata: HashMap<String, String>,
}

impl AgentState {
    /// The size of the content in bytes.
    pub fn size(&self) -> usize {
        self.persistent.len() + self.ephemeral.len() + map_size(&self.metadata)
    }
}
