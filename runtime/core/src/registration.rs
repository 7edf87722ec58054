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

impl Registration {
    /// The size of the content in bytes.
    pub fn size(&self) -> usize {
        let topics: usize = self.topics.iter().map(String::len).sum();
        let tools: usize = self.tools.iter().map(Tool::size).sum();
        self.agent.len() + topics + tools + map_size(&self.metadata)
    }
}

/// The size of the keys and values of a map, in bytes.
pub fn map_size(map: &HashMap<String, String>) -> usize {
    map.iter().map(|(key, value)| key.len() + value.len()).sum()
}
