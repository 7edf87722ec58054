//! What the runtime keeps for an agent independently of its streams: the profile of a created agent, and state.

use std::{collections::HashMap, time::SystemTime};

use bytes::Bytes;

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
