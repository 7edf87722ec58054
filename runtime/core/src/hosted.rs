//! Agents that live here whether they are connected or not: created by somebody, kept until deleted.
//!
//! While such an agent has no stream, a parked mailbox is subscribed to its topics. The next stream takes it over,
//! with all that waits in it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;

use crate::{
    directory::StreamId,
    event::{Envelope, Event},
    lock::lock,
    mailbox::{Mailbox, StreamEnd},
    qos::Qos,
    runtime::Runtime,
    spans,
};

/// What somebody says who creates an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostedProfile {
    /// What kind of agent; called `agent_type` on the wire.
    pub kind: String,
    /// What it can do, in the creator's words; these are not tools.
    pub capabilities: Vec<String>,
    /// Its settings.
    pub parameters: HashMap<String, String>,
}

/// What an agent wants kept. The runtime keeps it in memory, as long as it knows the agent, and does not read it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentState {
    /// What should outlive the agent's process.
    pub persistent: Bytes,
    /// What it has in mind.
    pub ephemeral: Bytes,
    /// When it was last updated, by our clock.
    pub updated: Option<SystemTime>,
    /// Its notes.
    pub metadata: HashMap<String, String>,
}

/// A mailbox without a reader.
#[derive(Debug)]
pub(crate) struct DetachedMailbox {
    pub(crate) stream: StreamId,
    pub(crate) patterns: Vec<Arc<str>>,
    pub(crate) mailbox: Arc<Mailbox>,
}

/// Why an agent cannot be created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// It has no name.
    #[error("agent_id cannot be empty")]
    NoName,
    /// It was created before.
    #[error("agent {0} already exists")]
    Exists(String),
}

/// Why an event cannot be sent to an agent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nobody knows it.
    #[error("there is no agent {0}")]
    Unknown(String),
    /// It is registered and has no stream, and no mailbox while it is away.
    #[error("agent {0} is not connected")]
    Away(String),
    /// A reply cannot be told from others.
    #[error("an event whose reply is waited for needs an id")]
    NoId,
}

impl Runtime {
    /// Creates an agent. One that is registered already is kept from now on, and gets the topics it lacks.
    pub fn create(
        &self,
        agent: &str,
        topics: Vec<String>,
        profile: HostedProfile,
    ) -> Result<(), CreateError> {
        if agent.is_empty() {
            return Err(CreateError::NoName);
        }
        if !self.directory.create(agent, topics, profile, Instant::now()) {
            return Err(CreateError::Exists(agent.to_owned()));
        }
        tracing::info!(agent, "agent created");
        self.park(agent);
        self.activity.registered(agent);
        Ok(())
    }

    /// Forgets an agent, created or registered, with its state and tools, and ends its streams well, so that it does
    /// not come back. False if there is none.
    pub fn delete(&self, agent: &str) -> bool {
        let mut parked = lock(&self.parked);
        let Some(streams) = self.directory.delete(agent) else { return false };
        if let Some(old) = parked.remove(agent) {
            self.bus.unsubscribe(old.stream, &old.patterns);
        }
        drop(parked);
        streams.iter().for_each(|mailbox| mailbox.close(StreamEnd::Done));
        tracing::info!(agent, "agent deleted");
        self.activity.unregistered(agent);
        true
    }

    /// Gives an event to one agent, subscribed or not: to its newest stream, else to its parked mailbox. With a
    /// `wait`, answers the first reply that comes within it; see [`crate::replies`].
    pub async fn send(
        &self,
        agent: &str,
        event: Event,
        wait: Duration,
    ) -> Result<Option<Event>, SendError> {
        if wait.is_zero() {
            return self.post(agent, event).map(|()| None);
        }
        if event.id.is_empty() {
            return Err(SendError::NoId);
        }
        let mut awaited = self.replies.expect(agent, &event.id);
        self.post(agent, event)?;
        Ok(tokio::time::timeout(wait, awaited.reply()).await.ok().flatten())
    }

    fn post(&self, agent: &str, event: Event) -> Result<(), SendError> {
        let away = || match self.directory.knows(agent) {
            true => SendError::Away(agent.to_owned()),
            false => SendError::Unknown(agent.to_owned()),
        };
        let newest = self.directory.newest(agent).map(|(_, mailbox)| mailbox);
        let parked = || lock(&self.parked).get(agent).map(|parked| Arc::clone(&parked.mailbox));
        let mailbox = newest.or_else(parked).filter(|_| self.directory.knows(agent));
        let mailbox = mailbox.ok_or_else(away)?;
        let topic = format!("agent.{agent}.events");
        let mut envelope = Envelope::new(topic.clone(), "", event);
        let _span = spans::publish(&mut envelope).entered();
        let envelope = Arc::new(envelope);
        self.activity.published(&envelope);
        let lost = mailbox.deliver_direct(&topic.into(), envelope).ok_or_else(away)?;
        self.activity.lost(lost);
        Ok(())
    }

    /// Makes sure that a created agent without a stream has a mailbox for its present topics.
    pub(crate) fn park(&self, agent: &str) {
        let mut parked = lock(&self.parked);
        let Some(topics) = self.directory.parked_topics(agent) else { return };
        let place = parked.entry(agent.to_owned()).or_insert_with(|| DetachedMailbox {
            stream: self.directory.next_stream(),
            patterns: Vec::new(),
            mailbox: Arc::default(),
        });
        self.align(place, topics);
    }

    /// Changes what a parked mailbox is subscribed to; what waits in it stays.
    pub(crate) fn align(&self, parked: &mut DetachedMailbox, topics: Vec<Arc<str>>) {
        let (old, new) = (counts(&parked.patterns), counts(&topics));
        for (pattern, _) in old.iter().filter(|(pattern, count)| new.get(*pattern) != Some(*count))
        {
            self.bus.unsubscribe(parked.stream, std::slice::from_ref(pattern));
        }
        for (pattern, count) in
            new.iter().filter(|(pattern, count)| old.get(*pattern) != Some(*count))
        {
            for _ in 0..*count {
                self.bus.subscribe(parked.stream, pattern, Qos::Batched, &parked.mailbox, None);
            }
        }
        parked.patterns = topics;
    }
}

fn counts(patterns: &[Arc<str>]) -> BTreeMap<Arc<str>, usize> {
    let mut counts = BTreeMap::new();
    patterns.iter().for_each(|pattern| *counts.entry(Arc::clone(pattern)).or_default() += 1);
    counts
}
