//! What just happened, for people who watch.

use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use tokio::sync::broadcast;

use crate::{event::Envelope, tool::ToolCall};

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityKind {
    /// An event was published.
    Published,
    /// An event was taken by an agent's stream.
    Delivered,
    /// An agent registered.
    Registered,
    /// An agent is no longer registered.
    Unregistered,
    /// A tool was called.
    ToolInvoked,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct ActivityEvent {
    /// When, by our clock.
    pub at: SystemTime,
    /// What.
    pub kind: ActivityKind,
    /// The event's or call's id.
    pub id: String,
    /// The topic, or the tool.
    pub topic: String,
    /// Who did it, if known.
    pub sender: Option<String>,
    /// The conversation it belongs to, if it says so.
    pub thread_id: Option<String>,
    /// What it answers, if it says so.
    pub correlation_id: Option<String>,
    /// The whole content.
    pub payload: Bytes,
}

/// Notices that a watcher may be behind before it misses some.
const BEHIND: usize = 1024;

/// Everybody who watches gets every notice, or is told how many it missed.
#[derive(Debug)]
pub struct ActivityStream {
    sender: broadcast::Sender<Arc<ActivityEvent>>,
}

impl Default for ActivityStream {
    fn default() -> Self {
        Self { sender: broadcast::channel(BEHIND).0 }
    }
}

impl ActivityStream {
    /// Starts to watch.
    pub fn watch(&self) -> broadcast::Receiver<Arc<ActivityEvent>> {
        self.sender.subscribe()
    }

    /// How many watch.
    pub fn watchers(&self) -> usize {
        self.sender.receiver_count()
    }

    /// Tells those who watch; the notice is made only if there are any.
    pub fn publish(&self, notice: impl FnOnce() -> ActivityEvent) {
        if self.watchers() > 0 {
            // An error says that the last one just left.
            _ = self.sender.send(Arc::new(notice()));
        }
    }
}

impl ActivityEvent {
    /// About an event.
    pub fn event(kind: ActivityKind, envelope: &Envelope) -> Self {
        let note = |key| envelope.event.note(key).map(str::to_owned);
        Self {
            at: SystemTime::now(),
            kind,
            id: envelope.event.id.clone(),
            topic: envelope.topic.clone(),
            sender: Some(envelope.sender.clone()).filter(|sender| !sender.is_empty()),
            thread_id: note("thread_id"),
            correlation_id: note("correlation_id"),
            payload: envelope.event.payload.clone(),
        }
    }

    /// About an agent that came or went.
    pub fn agent(kind: ActivityKind, agent: &str) -> Self {
        let verb = if kind == ActivityKind::Registered { "register" } else { "unregister" };
        Self {
            at: SystemTime::now(),
            kind,
            id: format!("{verb}_{agent}"),
            topic: format!("system.agent.{verb}"),
            sender: Some(agent.to_owned()),
            thread_id: None,
            correlation_id: None,
            payload: Bytes::new(),
        }
    }

    /// About a call.
    pub fn call(call: &ToolCall) -> Self {
        Self {
            at: SystemTime::now(),
            kind: ActivityKind::ToolInvoked,
            id: call.id.clone(),
            topic: call.name.clone(),
            sender: call.caller().map(str::to_owned),
            thread_id: None,
            correlation_id: Some(call.correlation_id.clone()).filter(|id| !id.is_empty()),
            payload: Bytes::copy_from_slice(call.arguments.as_bytes()),
        }
    }

    /// The first 100 characters of the content, read as UTF-8 with replacement.
    pub fn preview(&self) -> String {
        // A character has at most four bytes; a few more keep a cut one out of sight.
        let head = &self.payload[..self.payload.len().min(404)];
        String::from_utf8_lossy(head).chars().take(100).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preview_is_cut_by_characters() {
        let preview = |payload: &[u8]| {
            let event = crate::event::Event {
                payload: Bytes::copy_from_slice(payload),
                ..Default::default()
            };
            ActivityEvent::event(ActivityKind::Published, &Envelope::new("t".to_owned(), "", event))
                .preview()
        };
        assert_eq!(preview(b"short"), "short");
        assert_eq!(preview("😀".repeat(300).as_bytes()), "😀".repeat(100));
        assert_eq!(preview(b"\xffx"), "\u{fffd}x");
    }

    #[test]
    fn a_notice_is_made_only_for_those_who_watch() {
        let feed = ActivityStream::default();
        feed.publish(|| unreachable!("nobody watches"));
        let mut watcher = feed.watch();
        feed.publish(|| ActivityEvent::agent(ActivityKind::Unregistered, "a"));
        let notice = watcher.try_recv().unwrap();
        assert_eq!((&*notice.id, &*notice.topic), ("unregister_a", "system.agent.unregister"));
    }
}
