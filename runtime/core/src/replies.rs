//! Who waits for what an agent has to say to an event.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::oneshot;

use crate::{event::Event, lock::lock};

/// Agent and event.
type Key = (String, String);

/// Replies that are waited for. A reply is an event that the agent publishes, on any topic, with the note
/// `correlation_id` = the id of the event it answers.
#[derive(Debug, Default)]
pub struct Replies {
    waiting: Mutex<HashMap<Key, Vec<oneshot::Sender<Event>>>>,
    /// Publishing looks here first.
    count: AtomicUsize,
}

/// Waits for a reply; dropped = forgotten.
#[derive(Debug)]
pub struct Awaited<'a> {
    replies: &'a Replies,
    key: Key,
    reply: oneshot::Receiver<Event>,
}

impl Replies {
    /// Starts to wait; to be called before the event is sent.
    pub fn expect(&self, agent: &str, event: &str) -> Awaited<'_> {
        let (sender, reply) = oneshot::channel();
        let key = (agent.to_owned(), event.to_owned());
        self.count.fetch_add(1, Ordering::SeqCst);
        lock(&self.waiting).entry(key.clone()).or_default().push(sender);
        Awaited { replies: self, key, reply }
    }

    /// An agent publishes an event; whoever waits for it gets a copy.
    pub fn heard(&self, agent: &str, event: &Event) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let Some(answered) = event.note("correlation_id") else { return };
        let key = (agent.to_owned(), answered.to_owned());
        for sender in lock(&self.waiting).remove(&key).unwrap_or_default() {
            // An error says that it is no longer waited for.
            _ = sender.send(event.clone());
        }
    }
}

impl Awaited<'_> {
    /// The reply.
    pub async fn reply(&mut self) -> Option<Event> {
        (&mut self.reply).await.ok()
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        self.reply.close();
        let mut waiting = lock(&self.replies.waiting);
        if let Some(senders) = waiting.get_mut(&self.key) {
            senders.retain(|sender| !sender.is_closed());
            if senders.is_empty() {
                waiting.remove(&self.key);
            }
        }
        self.replies.count.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(to: &str) -> Event {
        let metadata = [("loom.correlation_id".to_owned(), to.to_owned())].into();
        Event { id: "r".to_owned(), metadata, ..Event::default() }
    }

    #[tokio::test]
    async fn a_reply_is_of_that_agent_and_to_that_event() {
        let replies = Replies::default();
        let mut first = replies.expect("a", "1");
        let mut second = replies.expect("a", "1");
        replies.heard("b", &reply("1"));
        replies.heard("a", &reply("2"));
        replies.heard("a", &Event::default());
        replies.heard("a", &reply("1"));
        assert_eq!(first.reply().await, Some(reply("1")));
        assert_eq!(second.reply().await, Some(reply("1")));
    }

    #[test]
    fn who_waits_no_longer_leaves_nothing_behind() {
        let replies = Replies::default();
        let kept = replies.expect("a", "1");
        drop(replies.expect("a", "1"));
        assert_eq!(lock(&replies.waiting).values().map(Vec::len).sum::<usize>(), 1);
        drop(kept);
        assert!(lock(&replies.waiting).is_empty());
        assert_eq!(replies.count.load(Ordering::SeqCst), 0);
    }
}
