//! What the directory knows of one agent.

use std::{collections::HashMap, sync::Arc, time::Instant};

use crate::{
    delivery_counters::DeliveryCounters,
    hosted_agent::{AgentState, HostedProfile},
    registry::ToolOffer,
    tool::Tool,
};

/// A known agent as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentView {
    /// The agent's id.
    pub id: String,
    /// The registered patterns, each with the number of events delivered for it.
    pub topics: Vec<(Arc<str>, u64)>,
    /// The tools that the agent offers.
    pub tools: Vec<Arc<Tool>>,
    /// Metadata of the agent.
    pub metadata: HashMap<String, String>,
    /// The description by the agent's creator, if it was created.
    pub profile: Option<HostedProfile>,
    /// The number of open streams.
    pub streams: usize,
}

/// The sizes of what is kept for an agent, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KeptSizes {
    pub(super) registration: usize,
    /// What its creator gave.
    pub(super) profile: usize,
    pub(super) state: usize,
}

impl KeptSizes {
    pub(super) fn total(self) -> usize {
        self.registration + self.profile + self.state
    }
}

/// The directory's record of one agent.
#[derive(Debug)]
pub(super) struct AgentRecord {
    pub(super) topics: Vec<Arc<str>>,
    pub(super) tools: Vec<Arc<Tool>>,
    /// Keeps the agent's tools in the registry.
    pub(super) offer: Option<ToolOffer>,
    pub(super) metadata: HashMap<String, String>,
    pub(super) counters: Arc<DeliveryCounters>,
    /// When the agent registered or lost its last stream; of no account while it has one.
    pub(super) away_since: Instant,
    /// Whether the agent has lost its last stream. False for one that has not opened any yet.
    pub(super) is_away: bool,
    /// Present if the agent was created: it stays known until it is deleted.
    pub(super) profile: Option<HostedProfile>,
    pub(super) state: AgentState,
    pub(super) sizes: KeptSizes,
}

impl AgentRecord {
    /// The record of an agent that has neither registered nor been created.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            topics: Vec::new(),
            tools: Vec::new(),
            offer: None,
            metadata: HashMap::new(),
            counters: Arc::default(),
            away_since: now,
            is_away: false,
            profile: None,
            state: AgentState::default(),
            sizes: KeptSizes::default(),
        }
    }

    /// The record of `agent`, which has this number of streams, as others see it.
    pub(super) fn view(&self, agent: &str, streams: usize) -> AgentView {
        let counted = |topic: &Arc<str>| (Arc::clone(topic), self.counters.count(topic));
        AgentView {
            id: agent.to_owned(),
            topics: self.topics.iter().map(counted).collect(),
            tools: self.tools.clone(),
            metadata: self.metadata.clone(),
            profile: self.profile.clone(),
            streams,
        }
    }
}
