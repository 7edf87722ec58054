//! Mailboxes of created agents that have no stream.
//!
//! While a created agent is away, a mailbox without a reader is subscribed to its topics. The agent's next stream takes
//! the mailbox over with all that is queued in it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Instant,
};

use loom_base::LockExt as _;

use crate::{
    bus::Bus, delivery_counters::DeliveryCounters, directory::Directory,
    limits::MAX_DETACHED_BYTES, mailbox::Mailbox, qos::Qos, queue_budget::QueueBudget,
    stream_id::StreamId,
};

/// A mailbox and what it is subscribed to.
#[derive(Debug)]
pub(crate) struct DetachedMailbox {
    pub(crate) stream: StreamId,
    pub(crate) patterns: Vec<Arc<str>>,
    pub(crate) mailbox: Arc<Mailbox>,
}

/// The mailbox of a stream that was just opened.
#[derive(Debug)]
pub(crate) struct OpenedMailbox {
    pub(crate) mailbox: DetachedMailbox,
    /// The counters of the agent's deliveries.
    pub(crate) counters: Arc<DeliveryCounters>,
    /// Whether the agent was away before.
    pub(crate) is_back: bool,
}

/// The mailboxes of created agents that have no stream, by agent. The lock is taken before those of directory and bus.
#[derive(Debug)]
pub(crate) struct DetachedMailboxes {
    all: Mutex<HashMap<String, DetachedMailbox>>,
    /// Limits the events of all these mailboxes together.
    budget: Arc<QueueBudget>,
}

impl Default for DetachedMailboxes {
    fn default() -> Self {
        let budget = Arc::new(QueueBudget::new(MAX_DETACHED_BYTES));
        Self { all: Mutex::default(), budget }
    }
}

impl DetachedMailboxes {
    /// Opens a stream of `agent` with its detached mailbox, or with a new one, subscribed to the agent's topics.
    pub(crate) fn open(&self, agent: &str, directory: &Directory, bus: &Bus) -> OpenedMailbox {
        // The lock is held until the stream is in the directory, so that no second mailbox is made meanwhile.
        let mut all = self.all.locked();
        let new = || DetachedMailbox::new(directory, Mailbox::default());
        let mut mailbox = all.remove(agent).unwrap_or_else(new);
        let stream = mailbox.stream;
        let opening = directory.open(agent, stream, &mailbox.mailbox, Instant::now());
        mailbox.mailbox.attach();
        mailbox.subscribe_to(opening.topics, bus);
        OpenedMailbox { mailbox, counters: opening.counters, is_back: opening.is_back }
    }

    /// Makes sure that a created agent without a stream has a mailbox that is subscribed to its present topics. Does
    /// nothing for any other agent.
    pub(crate) fn ensure(&self, agent: &str, directory: &Directory, bus: &Bus) {
        let mut all = self.all.locked();
        let Some(topics) = directory.detached_topics(agent) else { return };
        let new = || DetachedMailbox::new(directory, Mailbox::detached(self.budget.share()));
        all.entry(agent.to_owned()).or_insert_with(new).subscribe_to(topics, bus);
    }

    /// Deletes an agent with its detached mailbox. Returns the mailboxes of its open streams, or `None` if the agent is
    /// unknown.
    pub(crate) fn delete(
        &self,
        agent: &str,
        directory: &Directory,
        bus: &Bus,
    ) -> Option<Vec<Arc<Mailbox>>> {
        let mut all = self.all.locked();
        let streams = directory.delete(agent)?;
        if let Some(old) = all.remove(agent) {
            bus.unsubscribe(old.stream, &old.patterns);
        }
        Some(streams)
    }

    /// The detached mailbox of an agent.
    pub(crate) fn find(&self, agent: &str) -> Option<Arc<Mailbox>> {
        self.all.locked().get(agent).map(|detached| Arc::clone(&detached.mailbox))
    }
}

impl DetachedMailbox {
    fn new(directory: &Directory, mailbox: Mailbox) -> Self {
        let stream = directory.next_stream();
        Self { stream, patterns: Vec::new(), mailbox: Arc::new(mailbox) }
    }

    /// Changes the subscriptions to `topics`, which may hold a pattern several times. Subscriptions that stay are not
    /// touched, so that their queued events and their order stay.
    fn subscribe_to(&mut self, topics: Vec<Arc<str>>, bus: &Bus) {
        let old = counts(&self.patterns);
        let new = counts(&topics);
        let removed = old.iter().filter(|(pattern, count)| new.get(*pattern) != Some(*count));
        for (pattern, _) in removed {
            bus.unsubscribe(self.stream, std::slice::from_ref(pattern));
        }
        let added = new.iter().filter(|(pattern, count)| old.get(*pattern) != Some(*count));
        for (pattern, count) in added {
            for _ in 0..*count {
                bus.subscribe(self.stream, pattern, Qos::Batched, &self.mailbox, None);
            }
        }
        self.patterns = topics;
    }
}

fn counts(patterns: &[Arc<str>]) -> BTreeMap<Arc<str>, usize> {
    let mut counts = BTreeMap::new();
    patterns.iter().for_each(|pattern| *counts.entry(Arc::clone(pattern)).or_default() += 1);
    counts
}
