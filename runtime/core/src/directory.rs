//! The directory of agents: registrations, created agents, their state and their open streams.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use loom_base::LockExt as _;

use self::record::AgentRecord;
use crate::{
    delivery_counters::DeliveryCounters,
    hosted_agent::{AgentState, HostedProfile},
    mailbox::Mailbox,
    registration::Registration,
    registry::ToolOffer,
    stream_id::StreamId,
};

mod record;
#[cfg(test)]
mod tests;

pub use record::AgentView;

/// How long an agent without a stream stays registered, counted from its registration or from the loss of its last
/// stream.
pub const AWAY_LIMIT: Duration = Duration::from_secs(600);

/// How a stream was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamClose {
    /// The client closed its half of the stream: the agent leaves.
    HalfClosed,
    /// The stream broke: the agent may come back.
    Broken,
}

/// What a stream gets when it is opened.
#[derive(Debug)]
pub struct StreamOpening {
    /// The patterns to subscribe to; empty for an unknown agent.
    pub topics: Vec<Arc<str>>,
    /// The counters of the agent's deliveries.
    pub counters: Arc<DeliveryCounters>,
}

/// The open streams of an agent, oldest first.
type OpenStreams = Vec<(StreamId, Arc<Mailbox>)>;

#[derive(Debug, Default)]
struct DirectoryState {
    agents: BTreeMap<String, AgentRecord>,
    /// By agent. An agent that is not registered may have streams.
    streams: HashMap<String, OpenStreams>,
    last_stream: u64,
}

/// All known agents. Streams have ids of their own, so that closing an old stream of an agent never affects a new one.
#[derive(Debug, Default)]
pub struct Directory {
    state: Mutex<DirectoryState>,
}

impl Directory {
    /// Registers an agent, or replaces topics, tools and metadata of a registered one. Streams that are open keep the
    /// topics that they opened with. `offer` keeps the agent's tools in the registry until it registers again or is
    /// unregistered.
    pub fn register(&self, registration: Registration, offer: Option<ToolOffer>, now: Instant) {
        let Registration { agent, topics, tools, metadata } = registration;
        let mut state = self.state.locked();
        let record = state.agents.entry(agent).or_insert_with(|| AgentRecord::new(now));
        record.topics = topics.into_iter().map(Arc::from).collect();
        record.tools = tools.into_iter().map(Arc::new).collect();
        record.offer = offer;
        record.metadata = metadata;
        record.away_since = now;
    }

    /// Creates an agent that stays known until it is deleted. A registered agent keeps its registration and gets the
    /// topics that it lacks. Returns false if the agent was created before.
    pub fn create(
        &self,
        agent: &str,
        topics: Vec<String>,
        profile: HostedProfile,
        now: Instant,
    ) -> bool {
        let mut state = self.state.locked();
        let record = state.agents.entry(agent.to_owned()).or_insert_with(|| AgentRecord::new(now));
        if record.profile.is_some() {
            return false;
        }
        record.profile = Some(profile);
        for topic in topics {
            if !record.topics.iter().any(|known| **known == *topic) {
                record.topics.push(topic.into());
            }
        }
        true
    }

    /// Removes an agent. Returns the mailboxes of its open streams, which the caller closes, or `None` if the agent is
    /// unknown.
    pub fn delete(&self, agent: &str) -> Option<Vec<Arc<Mailbox>>> {
        let mut state = self.state.locked();
        state.agents.remove(agent)?;
        let streams = state.streams.get(agent).into_iter().flatten();
        Some(streams.map(|(_, mailbox)| Arc::clone(mailbox)).collect())
    }

    /// Whether the agent is registered or created.
    pub fn contains(&self, agent: &str) -> bool {
        self.state.locked().agents.contains_key(agent)
    }

    /// The topics of a created agent that has no stream; `None` for any other agent.
    pub fn detached_topics(&self, agent: &str) -> Option<Vec<Arc<str>>> {
        let state = self.state.locked();
        let record = state.agents.get(agent).filter(|record| record.profile.is_some())?;
        (!state.streams.contains_key(agent)).then(|| record.topics.clone())
    }

    /// The state that is kept for an agent; `None` if the agent is unknown.
    pub fn agent_state(&self, agent: &str) -> Option<AgentState> {
        self.state.locked().agents.get(agent).map(|record| record.state.clone())
    }

    /// Replaces the state that is kept for an agent. Returns false if the agent is unknown.
    pub fn set_agent_state(&self, agent: &str, new: AgentState) -> bool {
        let mut state = self.state.locked();
        let record = state.agents.get_mut(agent);
        record.map(|record| record.state = new).is_some()
    }

    /// A new stream id.
    pub fn next_stream(&self) -> StreamId {
        let mut state = self.state.locked();
        state.last_stream += 1;
        StreamId(state.last_stream)
    }

    /// Adds an open stream of an agent, which need not be registered.
    pub fn open(
        &self,
        agent: &str,
        stream: StreamId,
        mailbox: &Arc<Mailbox>,
        now: Instant,
    ) -> StreamOpening {
        let mut state = self.state.locked();
        if state.is_expired(agent, now) {
            state.agents.remove(agent);
        }
        state.streams.entry(agent.to_owned()).or_default().push((stream, Arc::clone(mailbox)));
        let record = state.agents.get(agent);
        let topics = record.map(|record| record.topics.clone()).unwrap_or_default();
        let counters = record.map(|record| Arc::clone(&record.counters)).unwrap_or_default();
        StreamOpening { topics, counters }
    }

    /// Removes a stream. Returns whether that unregisters the agent: if its last stream was half-closed and the agent
    /// was not created.
    pub fn close(&self, agent: &str, stream: StreamId, close: StreamClose, now: Instant) -> bool {
        let mut state = self.state.locked();
        let Some(streams) = state.streams.get_mut(agent) else { return false };
        streams.retain(|(id, _)| *id != stream);
        if !streams.is_empty() {
            return false;
        }
        state.streams.remove(agent);
        let is_created = state.agents.get(agent).is_some_and(|record| record.profile.is_some());
        if close == StreamClose::HalfClosed && !is_created {
            return state.agents.remove(agent).is_some();
        }
        if let Some(record) = state.agents.get_mut(agent) {
            record.away_since = now;
        }
        false
    }

    /// Unregisters the agents that have been without a stream for [`AWAY_LIMIT`]. Returns their names.
    pub fn expire(&self, now: Instant) -> Vec<String> {
        let mut state = self.state.locked();
        let expired: Vec<String> =
            state.agents.keys().filter(|agent| state.is_expired(agent, now)).cloned().collect();
        for agent in &expired {
            state.agents.remove(agent);
        }
        expired
    }

    /// The newest stream of an agent, registered or not.
    pub fn newest_stream(&self, agent: &str) -> Option<(StreamId, Arc<Mailbox>)> {
        let state = self.state.locked();
        let (stream, mailbox) = state.streams.get(agent)?.last()?;
        Some((*stream, Arc::clone(mailbox)))
    }

    /// All known agents by name.
    pub fn agents(&self) -> Vec<AgentView> {
        let state = self.state.locked();
        let streams = |agent: &str| state.streams.get(agent).map_or(0, Vec::len);
        state.agents.iter().map(|(agent, record)| record.view(agent, streams(agent))).collect()
    }

    /// The number of known agents that have a stream.
    pub fn connected(&self) -> usize {
        let state = self.state.locked();
        state.agents.keys().filter(|agent| state.streams.contains_key(*agent)).count()
    }

    /// The mailboxes of all open streams.
    pub fn mailboxes(&self) -> Vec<Arc<Mailbox>> {
        let state = self.state.locked();
        state.streams.values().flatten().map(|(_, mailbox)| Arc::clone(mailbox)).collect()
    }
}

impl DirectoryState {
    fn is_expired(&self, agent: &str, now: Instant) -> bool {
        let record = self.agents.get(agent).filter(|record| record.profile.is_none());
        let away = record.map(|record| now.saturating_duration_since(record.away_since));
        !self.streams.contains_key(agent) && away.is_some_and(|away| away >= AWAY_LIMIT)
    }
}
