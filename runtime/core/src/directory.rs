//! Which agents there are, their topics, tools and streams.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use crate::{lock::lock, mailbox::Mailbox, tool::Tool};

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
pub struct Ledger(Mutex<BTreeMap<Arc<str>, u64>>);

impl Ledger {
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
pub struct Opened {
    /// The stream.
    pub stream: StreamId,
    /// What it subscribes to; empty for an unknown agent.
    pub topics: Vec<Arc<str>>,
    /// Where its deliveries are counted.
    pub ledger: Arc<Ledger>,
}

/// Who can carry out a tool.
#[derive(Debug, Clone)]
pub enum Provider {
    /// Nobody offers it.
    Nobody,
    /// Somebody does, who is not connected.
    Away(String),
    /// An agent, through its newest stream.
    Here {
        /// The agent.
        agent: String,
        /// The stream.
        stream: StreamId,
        /// Where to ask.
        mailbox: Arc<Mailbox>,
    },
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
    /// Open streams.
    pub streams: usize,
}

#[derive(Debug)]
struct Agent {
    topics: Vec<Arc<str>>,
    tools: Vec<Arc<Tool>>,
    metadata: HashMap<String, String>,
    ledger: Arc<Ledger>,
    /// Without a stream since then.
    alone: Instant,
}

#[derive(Debug, Default)]
struct State {
    agents: BTreeMap<String, Agent>,
    /// Tool name -> agents, in the order in which they registered.
    offers: HashMap<String, Vec<String>>,
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
    /// they opened with.
    pub fn register(&self, registration: Registration, now: Instant) {
        let Registration { agent, topics, tools, metadata } = registration;
        let mut state = lock(&self.state);
        let ledger = state.remove(&agent).map(|old| old.ledger).unwrap_or_default();
        for tool in &tools {
            let providers = state.offers.entry(tool.name.clone()).or_default();
            if !providers.contains(&agent) {
                providers.push(agent.clone());
            }
        }
        let topics = topics.into_iter().map(Arc::from).collect();
        let tools = tools.into_iter().map(Arc::new).collect();
        state.agents.insert(agent, Agent { topics, tools, metadata, ledger, alone: now });
    }

    /// Opens a stream; any agent may, a registered one or not.
    pub fn open(&self, agent: &str, mailbox: &Arc<Mailbox>, now: Instant) -> Opened {
        let mut state = lock(&self.state);
        if state.is_due(agent, now) {
            state.remove(agent);
        }
        let stream = StreamId(state.next);
        state.next += 1;
        state.streams.entry(agent.to_owned()).or_default().push((stream, Arc::clone(mailbox)));
        let known = state.agents.get(agent);
        let topics = known.map(|agent| agent.topics.clone()).unwrap_or_default();
        let ledger = known.map(|agent| Arc::clone(&agent.ledger)).unwrap_or_default();
        Opened { stream, topics, ledger }
    }

    /// Closes a stream; answers whether the agent is unregistered by that: when its last stream finished.
    pub fn close(&self, agent: &str, stream: StreamId, how: Closing, now: Instant) -> bool {
        let mut state = lock(&self.state);
        let Some(streams) = state.streams.get_mut(agent) else { return false };
        streams.retain(|(id, _)| *id != stream);
        if !streams.is_empty() {
            return false;
        }
        state.streams.remove(agent);
        if how == Closing::Finished {
            return state.remove(agent).is_some();
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
            state.remove(id);
        }
        due
    }

    /// Who carries out a tool: of those who offer it and are connected, the one who registered last.
    pub fn provider(&self, tool: &str) -> Provider {
        let state = lock(&self.state);
        let Some(providers) = state.offers.get(tool) else { return Provider::Nobody };
        for agent in providers.iter().rev() {
            if let Some((stream, mailbox)) = state.streams.get(agent).and_then(|all| all.last()) {
                let mailbox = Arc::clone(mailbox);
                return Provider::Here { agent: agent.clone(), stream: *stream, mailbox };
            }
        }
        providers.last().map_or(Provider::Nobody, |agent| Provider::Away(agent.clone()))
    }

    /// Everybody registered, by name.
    pub fn agents(&self) -> Vec<AgentView> {
        let state = lock(&self.state);
        let view = |(id, agent): (&String, &Agent)| AgentView {
            id: id.clone(),
            topics: agent.topics.iter().map(|t| (Arc::clone(t), agent.ledger.count(t))).collect(),
            tools: agent.tools.clone(),
            metadata: agent.metadata.clone(),
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

impl State {
    fn is_due(&self, id: &str, now: Instant) -> bool {
        let since = self.agents.get(id).map(|agent| now.saturating_duration_since(agent.alone));
        !self.streams.contains_key(id) && since.is_some_and(|alone| alone >= KEEP)
    }

    fn remove(&mut self, id: &str) -> Option<Agent> {
        let agent = self.agents.remove(id)?;
        for tool in &agent.tools {
            if let Some(providers) = self.offers.get_mut(&tool.name) {
                providers.retain(|provider| provider != id);
                if providers.is_empty() {
                    self.offers.remove(&tool.name);
                }
            }
        }
        Some(agent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(agent: &str, topics: &[&str], tools: &[&str]) -> Registration {
        let tool = |name: &&str| Tool {
            name: (*name).to_owned(),
            description: String::new(),
            parameters_schema: String::new(),
            metadata: HashMap::new(),
        };
        Registration {
            agent: agent.to_owned(),
            topics: topics.iter().map(|&t| t.to_owned()).collect(),
            tools: tools.iter().map(tool).collect(),
            metadata: HashMap::new(),
        }
    }

    fn topics(opened: &Opened) -> Vec<&str> {
        opened.topics.iter().map(|topic| &**topic).collect()
    }

    fn who(directory: &Directory, tool: &str) -> String {
        match directory.provider(tool) {
            Provider::Nobody => "nobody".to_owned(),
            Provider::Away(agent) => format!("{agent} away"),
            Provider::Here { agent, .. } => agent,
        }
    }

    #[test]
    fn registering_again_replaces_topics_and_tools() {
        let (directory, now) = (Directory::default(), Instant::now());
        directory.register(registration("a", &["x"], &["old", "both"]), now);
        directory.register(registration("a", &["y", "y"], &["both", "new"]), now);
        let opened = directory.open("a", &Arc::default(), now);
        assert_eq!(topics(&opened), ["y", "y"]);
        assert_eq!(["old", "both", "new"].map(|tool| who(&directory, tool)), ["nobody", "a", "a"]);
    }

    #[test]
    fn the_last_stream_that_finishes_unregisters() {
        let (directory, now) = (Directory::default(), Instant::now());
        directory.register(registration("a", &["x"], &[]), now);
        let first = directory.open("a", &Arc::default(), now).stream;
        let second = directory.open("a", &Arc::default(), now).stream;
        assert!(!directory.close("a", first, Closing::Finished, now));
        assert_eq!(directory.connected(), 1);
        assert!(directory.close("a", second, Closing::Finished, now));
        assert_eq!(directory.agents(), []);
        assert_eq!(topics(&directory.open("a", &Arc::default(), now)), Vec::<&str>::new());
    }

    #[test]
    fn a_broken_stream_keeps_the_registration_for_a_while() {
        let (directory, now) = (Directory::default(), Instant::now());
        directory.register(registration("a", &["x"], &["t"]), now);
        let stream = directory.open("a", &Arc::default(), now).stream;
        assert_eq!(directory.sweep(now + KEEP), Vec::<String>::new(), "it has a stream");

        let broke = now + KEEP;
        assert!(!directory.close("a", stream, Closing::Broken, broke));
        assert_eq!(who(&directory, "t"), "a away");
        let almost = broke + KEEP - Duration::from_millis(1);
        assert_eq!(directory.sweep(almost), Vec::<String>::new());
        assert_eq!(topics(&directory.open("a", &Arc::default(), almost)), ["x"], "it came back");
    }

    #[test]
    fn after_that_while_it_is_unknown() {
        let (directory, now) = (Directory::default(), Instant::now());
        for agent in ["swept", "opened"] {
            directory.register(registration(agent, &["x"], &["t"]), now);
            let stream = directory.open(agent, &Arc::default(), now).stream;
            directory.close(agent, stream, Closing::Broken, now);
        }
        let opened = directory.open("opened", &Arc::default(), now + KEEP);
        assert_eq!(topics(&opened), Vec::<&str>::new());
        assert_eq!(directory.sweep(now + KEEP), ["swept"]);
        assert_eq!(who(&directory, "t"), "nobody");
    }

    #[test]
    fn a_tool_goes_to_the_last_to_register_of_those_connected() {
        let (directory, now) = (Directory::default(), Instant::now());
        directory.register(registration("a", &[], &["t"]), now);
        directory.register(registration("b", &[], &["t"]), now);
        assert_eq!(who(&directory, "t"), "b away");
        directory.open("a", &Arc::default(), now);
        assert_eq!(who(&directory, "t"), "a");
        let stream = directory.open("b", &Arc::default(), now).stream;
        assert_eq!(who(&directory, "t"), "b");
        directory.close("b", stream, Closing::Finished, now);
        assert_eq!(who(&directory, "t"), "a");
    }
}
