//! The registration of an agent.

use std::collections::HashMap;

use crate::tool::Tool;

/// What an agent declares when it registers.
#[derive(Debug, Clone, Default)]
pub struct Registration {
    /// The agent's id; MUST NOT be empty.
    pub agent: String,
    /// The patterns that streams subscribe to when they open after this registration.
    pub topics: Vec<String>,
    /// The tools that the agent offers.
    pub tools: Vec<Tool>,
    /// Metadata of the agent.
    pub metadata: HashMap<String, String>,
}
