//! The directory of agents: registrations, created agents, their state and their open streams.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use loom_base::LockExt as _;

use self::record::{AgentRecord, KeptSizes};
use crate::{
    delivery_counters::DeliveryCounters,
    hosted_agent::{AgentState, HostedProfile},
    limits::{self, LimitError, MAX_AWAY_AGENTS, MAX_CREATED_AGENTS, MAX_KEPT_BYTES},
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
    /// The client closed its half of the stream, or cancelled it: the agent leaves.
    Left,
    /// The stream broke: the agent may come back.
    Broken,
}

/// What the end of a stream means for its agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentDeparture {
    /// The agent has other streams, or was not known.
    None,
    /// The agent is known and has no stream any more.
    Away,
    /// The agent was unregistered.
    Unregistered,
}

/// What a stream gets when it is opened.
#[derive(Debug, Default)]
pub struct StreamOpening {
    /// The patterns to subscribe to; empty for an unknown agent.
    pub topics: Vec<Arc<str>>,
    /// The counters of the agent's deliveries.
    pub counters: Arc<DeliveryCounters>,
    /// Whether the agent was away before.
    pub is_back: bool,
}

/// The open streams of an agent, oldest first.
type OpenStreams = Vec<(StreamId, Arc<Mailbox>)>;

#[derive(Debug, Default)]
struct DirectoryState {
    agents: BTreeMap<String, AgentRecord>,
    /// By agent. An agent that is not registered may have streams.
    streams: HashMap<String, OpenStreams>,
    last_stream: u64,
    /// The size of everything that is kept for agents, in bytes.
    kept: usize,
    /// The number of created agents.
    created: usize,
}

/// All known agents. Streams have ids of their own, so that closing an old stream of an agent never affects a new one.
#[derive(Debug, Default)]
pub struct Directory {
    state: Mutex<DirectoryState>,
}

impl Directory {
    /// Registers an agent, or replaces topics, tools and metadata of a registered one. Streams that are open keep the
    /// topics that they opened with. `offer` keeps the agent's tools in the registry until it registers again or is
    /// unregistered. Returns the agents that were unregistered for it: those that have been away longest, if there are too
    /// many or they take too much room.
    ///
    /// # Errors
    /// If there is no room for the registration.
    pub fn register(
        &self,
        registration: Registration,
        offer: Option<ToolOffer>,
        now: Instant,
    ) -> Result<Vec<String>, LimitError> {
        let size = registration.size();
        let Registration { agent, topics, tools, metadata } = registration;
        let mut state = self.state.locked();
        let mut evicted = Vec::new();
        while let Err(error) = state.keep(&agent, size, |sizes| &mut sizes.registration) {
            evicted.push(state.evict(&agent).ok_or(error)?);
        }
        let is_new = !state.agents.contains_key(&agent);
        // Every agent without a stream is in `agents`, and not in `streams`.
        if is_new && state.agents.len() >= MAX_AWAY_AGENTS + state.created + state.streams.len() {
            evicted.extend(state.evict(&agent));
        }
        let record = state.agents.entry(agent).or_insert_with(|| AgentRecord::new(now));
        record.sizes.registration = size;
        record.topics = topics.into_iter().map(Arc::from).collect();
        record.tools = tools.into_iter().map(Arc::new).collect();
        record.offer = offer;
        record.metadata = metadata;
        record.away_since = now;
        Ok(evicted)
    }

    /// Creates an agent that stays known until it is deleted. A registered agent keeps its registration and gets the
    /// topics that it lacks. Returns false if the agent was created before.
    ///
    /// # Errors
    /// If there are too many created agents, the agent gets too many topics, or there is no room for its description.
    pub fn create(
        &self,
        agent: &str,
        topics: Vec<String>,
        profile: HostedProfile,
        now: Instant,
    ) -> Result<bool, LimitError> {
        let mut state = self.state.locked();
        let known = state.agents.get(agent);
        if known.is_some_and(|record| record.profile.is_some()) {
            return Ok(false);
        }
        let mut all = known.map(|record| record.topics.clone()).unwrap_or_default();
        let size = profile.size() + topics.iter().map(String::len).sum::<usize>();
        for topic in topics {
            if !all.iter().any(|known| **known == *topic) {
                all.push(topic.into());
            }
        }
        limits::check_count("topics", all.len(), limits::MAX_TOPICS)?;
        limits::check_count("created agents", state.created + 1, MAX_CREATED_AGENTS)?;
        state.keep(agent, size, |sizes| &mut sizes.profile)?;
        state.created += 1;
        let record = state.agents.entry(agent.to_owned()).or_insert_with(|| AgentRecord::new(now));
        record.sizes.profile = size;
        record.profile = Some(profile);
        record.topics = all;
        Ok(true)
    }

    /// Removes an agent. Returns the mailboxes of its open streams, which the caller closes, or `None` if the agent is
    /// unknown.
    pub fn delete(&self, agent: &str) -> Option<Vec<Arc<Mailbox>>> {
        let mut state = self.state.locked();
        state.remove(agent)?;
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
    ///
    /// # Errors
    /// If there is no room for the state.
    pub fn set_agent_state(&self, agent: &str, new: AgentState) -> Result<bool, LimitError> {
        let mut state = self.state.locked();
        if !state.agents.contains_key(agent) {
            return Ok(false);
        }
        let size = new.size();
        state.keep(agent, size, |sizes| &mut sizes.state)?;
        if let Some(record) = state.agents.get_mut(agent) {
            record.sizes.state = size;
            record.state = new;
        }
        Ok(true)
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
            state.remove(agent);
        }
        state.streams.entry(agent.to_owned()).or_default().push((stream, Arc::clone(mailbox)));
        let Some(record) = state.agents.get_mut(agent) else { return StreamOpening::default() };
        StreamOpening {
            topics: record.topics.clone(),
            counters: Arc::clone(&record.counters),
            is_back: std::mem::take(&mut record.is_away),
        }
    }

    /// Removes a stream. The agent is unregistered if this was its last stream, it left, and it was not created.
    pub fn close(
        &self,
        agent: &str,
        stream: StreamId,
        close: StreamClose,
        now: Instant,
    ) -> AgentDeparture {
        let mut state = self.state.locked();
        let Some(streams) = state.streams.get_mut(agent) else { return AgentDeparture::None };
        streams.retain(|(id, _)| *id != stream);
        if !streams.is_empty() {
            return AgentDeparture::None;
        }
        state.streams.remove(agent);
        let Some(record) = state.agents.get_mut(agent) else { return AgentDeparture::None };
        if close == StreamClose::Left && record.profile.is_none() {
            state.remove(agent);
            return AgentDeparture::Unregistered;
        }
        record.away_since = now;
        record.is_away = true;
        AgentDeparture::Away
    }

    /// Unregisters the agents that have been without a stream for [`AWAY_LIMIT`]. Returns their names.
    pub fn expire(&self, now: Instant) -> Vec<String> {
        let mut state = self.state.locked();
        let expired: Vec<String> =
            state.agents.keys().filter(|agent| state.is_expired(agent, now)).cloned().collect();
        for agent in &expired {
            state.remove(agent);
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
    fn remove(&mut self, agent: &str) -> Option<AgentRecord> {
        let record = self.agents.remove(agent)?;
        self.kept -= record.sizes.total();
        self.created -= usize::from(record.profile.is_some());
        Some(record)
    }

    /// Counts `size` bytes for a part of what is kept for an agent, in place of its present size.
    fn keep(
        &mut self,
        agent: &str,
        size: usize,
        part: impl FnOnce(&mut KeptSizes) -> &mut usize,
    ) -> Result<(), LimitError> {
        let mut sizes = self.agents.get(agent).map(|record| record.sizes).unwrap_or_default();
        let kept = self.kept - *part(&mut sizes) + size;
        if kept > MAX_KEPT_BYTES {
            return Err(LimitError::KeptBytes);
        }
        self.kept = kept;
        Ok(())
    }

    /// Unregisters the agent that has been without a stream longest, other than `spared` and created ones.
    fn evict(&mut self, spared: &str) -> Option<String> {
        let is_away = |agent: &str, record: &AgentRecord| {
            agent != spared && record.profile.is_none() && !self.streams.contains_key(agent)
        };
        let away = self.agents.iter().filter(|(agent, record)| is_away(agent, record));
        let (agent, _) = away.min_by_key(|(_, record)| record.away_since)?;
        let agent = agent.clone();
        self.remove(&agent);
        Some(agent)
    }

    fn is_expired(&self, agent: &str, now: Instant) -> bool {
        let record = self.agents.get(agent).filter(|record| record.profile.is_none());
        let away = record.map(|record| now.saturating_duration_since(record.away_since));
        !self.streams.contains_key(agent) && away.is_some_and(|away| away >= AWAY_LIMIT)
    }
}
