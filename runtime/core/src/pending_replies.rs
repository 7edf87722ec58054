//! Events that were sent to agents and whose replies are awaited.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use loom_base::LockExt as _;
use tokio::sync::oneshot;

use crate::event::Event;

/// Agent and event id.
type ReplyKey = (String, String);

/// The awaited replies. A reply is an event that the agent publishes, on any topic, whose metadata value
/// `correlation_id` is the id of the event that it replies to.
#[derive(Debug, Default)]
pub struct PendingReplies {
    waiting: Mutex<HashMap<ReplyKey, Vec<oneshot::Sender<Event>>>>,
    /// The number of awaited replies: publishing reads it first, and takes the lock only if there are any.
    count: AtomicUsize,
}

/// An awaited reply. Dropping it cancels the wait.
#[derive(Debug)]
pub struct PendingReply<'a> {
    replies: &'a PendingReplies,
    key: ReplyKey,
    reply: oneshot::Receiver<Event>,
}

impl PendingReplies {
    /// Awaits the reply of `agent` to the event with the id `event`. To be called before the event is sent, since the
    /// reply may come at once.
    pub fn expect(&self, agent: &str, event: &str) -> PendingReply<'_> {
        let (sender, reply) = oneshot::channel();
        let key = (agent.to_owned(), event.to_owned());
        self.count.fetch_add(1, Ordering::SeqCst);
        self.waiting.locked().entry(key.clone()).or_default().push(sender);
        PendingReply { replies: self, key, reply }
    }

    /// Gives a copy of an event that `agent` publishes to all that await it as a reply.
    pub fn resolve(&self, agent: &str, event: &Event) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let Some(replied_to) = event.metadata_value("correlation_id") else { return };
        let key = (agent.to_owned(), replied_to.to_owned());
        for sender in self.waiting.locked().remove(&key).unwrap_or_default() {
            // An error means that the reply is no longer awaited.
            _ = sender.send(event.clone());
        }
    }
}

impl PendingReply<'_> {
    /// The reply.
    pub async fn reply(&mut self) -> Option<Event> {
        (&mut self.reply).await.ok()
    }
}

impl Drop for PendingReply<'_> {
    fn drop(&mut self) {
        self.reply.close();
        let mut waiting = self.replies.waiting.locked();
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
    async fn a_reply_must_come_from_the_agent_and_name_the_event() {
        let replies = PendingReplies::default();
        let mut first = replies.expect("a", "1");
        let mut second = replies.expect("a", "1");
        replies.resolve("b", &reply("1"));
        replies.resolve("a", &reply("2"));
        replies.resolve("a", &Event::default());
        replies.resolve("a", &reply("1"));
        assert_eq!(first.reply().await, Some(reply("1")));
        assert_eq!(second.reply().await, Some(reply("1")));
    }

    #[test]
    fn a_dropped_reply_is_removed() {
        let replies = PendingReplies::default();
        let kept = replies.expect("a", "1");
        drop(replies.expect("a", "1"));
        assert_eq!(replies.waiting.locked().values().map(Vec::len).sum::<usize>(), 1);
        drop(kept);
        assert!(replies.waiting.locked().is_empty());
        assert_eq!(replies.count.load(Ordering::SeqCst), 0);
    }
}
