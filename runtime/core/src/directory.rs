//! Which agents there are, their topics, tools and streams.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::{
    hosted::{AgentState, HostedProfile},
    lock::lock,
    mailbox::Mailbox,
    registry::ToolOffer,
    tool::Tool,
};

/// How long an agent without a stream stays registered: after its last stream broke, or after it registered.
pub const KEEP: Duration = Duration::from_secs(600);

/// One open stream, of whatever agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamId(pub(crate) u64);

/// What an agent says when it registers.
#[derive(Debug, Clone, Default)]
pub struct Registration {
    /// Its name; not empty.
    pub agent: String,
    /// What its next streams subscribe to.
    pub topics: Vec<String>,
    /// What it offers.
    pub tools: Vec<Tool>,
    /// Its notes.
    pub metadata: HashMap<String, String>,
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The agent closed its half: it is leaving.
    Finished,
    /// Anything else: it may come back.
    Broken,
}

/// Events delivered to an agent, per pattern.
#[derive(Debug, Default)]
pub struct DeliveryCounters(Mutex<BTreeMap<Arc<str>, u64>>);

impl DeliveryCounters {
    /// Notes a delivery.
    pub fn note(&self, pattern: &Arc<str>) {
        let mut counts = lock(&self.0);
        match counts.get_mut(pattern) {
            Some(count) => *count += 1,
            None => _ = counts.insert(Arc::clone(pattern), 1),
        }
    }

    fn count(&self, pattern: &str) -> u64 {
        lock(&self.0).get(pattern).copied().unwrap_or(0)
    }
}

/// What a stream gets to know when it opens.
#[derive(Debug)]
pub struct StreamOpening {
    /// What it subscribes to; empty for an unknown agent.
    pub topics: Vec<Arc<str>>,
    /// Where its deliveries are counted.
    pub ledger: Arc<DeliveryCounters>,
}

/// An agent as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentView {
    /// Its name.
    pub id: String,
    /// Its topics as registered, with the events delivered for each.
    pub topics: Vec<(Arc<str>, u64)>,
    /// What it offers.
    pub tools: Vec<Arc<Tool>>,
    /// Its notes.
    pub metadata: HashMap<String, String>,
    /// What its creator said of it, if it was created.
    pub profile: Option<HostedProfile>,
    /// Open streams.
    pub streams: usize,
}

#[derive(Debug)]
struct Agent {
    topics: Vec<Arc<str>>,
    tools: Vec<Arc<Tool>>,
    /// Keeps its tools in the registry.
    offer: Option<ToolOffer>,
    metadata: HashMap<String, String>,
    ledger: Arc<DeliveryCounters>,
    /// Without a stream since then.
    alone: Instant,
    /// Somebody created it: it stays until it is deleted.
    profile: Option<HostedProfile>,
    state: AgentState,
}

#[derive(Debug, Default)]
struct State {
    agents: BTreeMap<String, Agent>,
    /// Agent -> its streams, oldest first. An agent that is not registered may have streams.
    streams: HashMap<String, Vec<(StreamId, Arc<Mailbox>)>>,
    next: u64,
}

/// The agents. Every stream is keyed by itself, so that an old one of the same agent never takes the new one along.
#[derive(Debug, Default)]
pub struct Directory {
    state: Mutex<State>,
}

impl Directory {
    /// Registers an agent, or replaces topics, tools and notes of a registered one. Its open streams keep the topics
    /// they opened with. `offer` holds its tools in the registry as long as it is registered with them.
    pub fn register(&self, registration: Registration, offer: Option<ToolOffer>, now: Instant) {
        let Registration { agent, topics, tools, metadata } = registration;
        let mut state = lock(&self.state);
        let known = state.agents.entry(agent).or_insert_with(|| Agent::new(now));
        known.topics = topics.into_iter().map(Arc::from).collect();
        known.tools = tools.into_iter().map(Arc::new).collect();
        (known.offer, known.metadata, known.alone) = (offer, metadata, now);
    }

    /// Creates an agent that stays until it is deleted, or keeps a registered one; false if it was created before.
    pub fn create(
        &self,
        agent: &str,
        topics: Vec<String>,
        profile: HostedProfile,
        now: Instant,
    ) -> bool {
        let mut state = lock(&self.state);
        let known = state.agents.entry(agent.to_owned()).or_insert_with(|| Agent::new(now));
        if known.profile.is_some() {
            return false;
        }
        known.profile = Some(profile);
        for topic in topics {
            if !known.topics.iter().any(|known| **known == *topic) {
                known.topics.push(topic.into());
            }
        }
        true
    }

    /// Forgets an agent; answers its streams, which are still open.
    pub fn delete(&self, agent: &str) -> Option<Vec<Arc<Mailbox>>> {
        let mut state = lock(&self.state);
        state.agents.remove(agent)?;
        let streams = state.streams.get(agent).into_iter().flatten();
        Some(streams.map(|(_, mailbox)| Arc::clone(mailbox)).collect())
    }

    /// Whether this agent is registered or created.
    pub fn knows(&self, agent: &str) -> bool {
        lock(&self.state).agents.contains_key(agent)
    }

    /// The topics of an agent that was created and has no stream.
    pub fn parked_topics(&self, agent: &str) -> Option<Vec<Arc<str>>> {
        let state = lock(&self.state);
        let known = state.agents.get(agent).filter(|known| known.profile.is_some())?;
        (!state.streams.contains_key(agent)).then(|| known.topics.clone())
    }

    /// What is kept for an agent; `None` if nobody knows the agent.
    pub fn state_of(&self, agent: &str) -> Option<AgentState> {
        lock(&self.state).agents.get(agent).map(|agent| agent.state.clone())
    }

    /// Keeps this for an agent instead of what was; false if nobody knows the agent.
    pub fn update_state(&self, agent: &str, new: AgentState) -> bool {
        let mut state = lock(&self.state);
        let known = state.agents.get_mut(agent);
        known.map(|known| known.state = new).is_some()
    }

    /// A name for a new stream.
    pub fn next_stream(&self) -> StreamId {
        let mut state = lock(&self.state);
        state.next += 1;
        StreamId(state.next)
    }

    /// Opens a stream; any agent may, a registered one or not.
    pub fn open(
        &self,
        agent: &str,
        stream: StreamId,
        mailbox: &Arc<Mailbox>,
        now: Instant,
    ) -> StreamOpening {
        let mut state = lock(&self.state);
        if state.is_due(agent, now) {
            state.agents.remove(agent);
        }
        state.streams.entry(agent.to_owned()).or_default().push((stream, Arc::clone(mailbox)));
        let known = state.agents.get(agent);
        let topics = known.map(|agent| agent.topics.clone()).unwrap_or_default();
        let ledger = known.map(|agent| Arc::clone(&agent.ledger)).unwrap_or_default();
        StreamOpening { topics, ledger }
    }

    /// Closes a stream; answers whether the agent is unregistered by that: when its last stream finished, unless it
    /// was created.
    pub fn close(&self, agent: &str, stream: StreamId, how: Closing, now: Instant) -> bool {
        let mut state = lock(&self.state);
        let Some(streams) = state.streams.get_mut(agent) else { return false };
        streams.retain(|(id, _)| *id != stream);
        if !streams.is_empty() {
            return false;
        }
        state.streams.remove(agent);
        let created = state.agents.get(agent).is_some_and(|agent| agent.profile.is_some());
        if how == Closing::Finished && !created {
            return state.agents.remove(agent).is_some();
        }
        if let Some(agent) = state.agents.get_mut(agent) {
            agent.alone = now;
        }
        false
    }

    /// Unregisters the agents that have been without a stream for [`KEEP`]; answers their names.
    pub fn sweep(&self, now: Instant) -> Vec<String> {
        let mut state = lock(&self.state);
        let due: Vec<String> =
            state.agents.keys().filter(|id| state.is_due(id, now)).cloned().collect();
        for id in &due {
            state.agents.remove(id);
        }
        due
    }

    /// The newest stream of an agent, registered or not.
    pub fn newest(&self, agent: &str) -> Option<(StreamId, Arc<Mailbox>)> {
        let state = lock(&self.state);
        let (stream, mailbox) = state.streams.get(agent)?.last()?;
        Some((*stream, Arc::clone(mailbox)))
    }

    /// Everybody registered, by name.
    pub fn agents(&self) -> Vec<AgentView> {
        let state = lock(&self.state);
        let view = |(id, agent): (&String, &Agent)| AgentView {
            id: id.clone(),
            topics: agent.topics.iter().map(|t| (Arc::clone(t), agent.ledger.count(t))).collect(),
            tools: agent.tools.clone(),
            metadata: agent.metadata.clone(),
            profile: agent.profile.clone(),
            streams: state.streams.get(id).map_or(0, Vec::len),
        };
        state.agents.iter().map(view).collect()
    }

    /// How many registered agents have a stream.
    pub fn connected(&self) -> usize {
        let state = lock(&self.state);
        state.agents.keys().filter(|id| state.streams.contains_key(*id)).count()
    }

    /// All open streams.
    pub fn mailboxes(&self) -> Vec<Arc<Mailbox>> {
        let state = lock(&self.state);
        state.streams.values().flatten().map(|(_, mailbox)| Arc::clone(mailbox)).collect()
    }
}

impl Agent {
    fn new(now: Instant) -> Self {
        Self {
            topics: Vec::new(),
            tools: Vec::new(),
            offer: None,
            metadata: HashMap::new(),
            ledger: Arc::default(),
            alone: now,
            profile: None,
            state: AgentState::default(),
        }
    }
}

impl State {
    fn is_due(&self, id: &str, now: Instant) -> bool {
        let leaves = self.agents.get(id).filter(|agent| agent.profile.is_none());
        let since = leaves.map(|agent| now.saturating_duration_since(agent.alone));
        !self.streams.contains_key(id) && since.is_some_and(|alone| alone >= KEEP)
    }
}

#[cfg(test)]
mod tests;
