//! The activity stream: what happens in the runtime, for observers such as the dashboard.

use std::{sync::Arc, time::SystemTime};

use tokio::sync::broadcast;

use crate::{event::Envelope, event_recorder::AgentChange, limits, tool::ToolCall};

/// The kinds of activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityKind {
    /// An event was published.
    Published,
    /// An event was delivered to a stream of an agent.
    Delivered,
    /// An agent registered.
    Registered,
    /// An agent was unregistered.
    Unregistered,
    /// The last stream of an agent broke; it stays registered for a while.
    Away,
    /// An agent that was away has a stream again.
    Back,
    /// A tool was called.
    ToolInvoked,
}

/// One thing that happened in the runtime.
#[derive(Debug, Clone)]
pub struct ActivityEvent {
    /// When it happened, by the runtime's clock.
    pub at: SystemTime,
    /// The kind of activity.
    pub kind: ActivityKind,
    /// The id of the event or call.
    pub id: String,
    /// The topic, or the name of the tool.
    pub topic: String,
    /// The publishing, registering or calling agent, if known.
    pub sender: Option<String>,
    /// The agent that the event was delivered to.
    pub receiver: Option<String>,
    /// The type that the publisher gave the event.
    pub event_type: String,
    /// The trace that the event is part of, if it is recorded.
    pub trace_id: Option<u128>,
    /// The conversation that the event belongs to, if its metadata names one.
    pub thread_id: Option<String>,
    /// The event or call that this one is an answer to, if it names one.
    pub correlation_id: Option<String>,
    /// The first 100 characters of the payload, or of the arguments of the call; what is not UTF-8 becomes replacement
    /// characters. A copy: observers that lag behind must not keep complete payloads in memory.
    pub preview: String,
}

/// How far an observer may lag behind before it misses activity.
const CAPACITY: usize = 1024;

/// Sends activity to all observers. An observer that lags behind gets the number of missed events.
#[derive(Debug)]
pub struct ActivityStream {
    sender: broadcast::Sender<Arc<ActivityEvent>>,
}

impl Default for ActivityStream {
    fn default() -> Self {
        Self { sender: broadcast::channel(CAPACITY).0 }
    }
}

impl ActivityStream {
    /// Adds an observer; it gets what happens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<ActivityEvent>> {
        self.sender.subscribe()
    }

    /// The number of observers.
    pub fn observers(&self) -> usize {
        self.sender.receiver_count()
    }

    /// Sends what `make` returns to all observers. `make` runs only if there are any.
    pub fn publish(&self, make: impl FnOnce() -> ActivityEvent) {
        if self.observers() > 0 {
            // An error means that the last observer has just left.
            _ = self.sender.send(Arc::new(make()));
        }
    }
}

impl ActivityEvent {
    /// The publishing or delivery of an event.
    pub fn event(kind: ActivityKind, envelope: &Envelope) -> Self {
        let metadata =
            |key| envelope.event.metadata_value(key).map(|v| limits::shown(v).to_owned());
        Self {
            at: SystemTime::now(),
            kind,
            id: envelope.event.id.clone(),
            topic: envelope.topic.clone(),
            sender: Some(envelope.sender.clone()).filter(|sender| !sender.is_empty()),
            receiver: None,
            event_type: limits::shown(&envelope.event.kind).to_owned(),
            trace_id: envelope.trace.filter(|trace| trace.sampled).map(|trace| trace.trace_id),
            thread_id: metadata("thread_id"),
            correlation_id: metadata("correlation_id"),
            preview: String::new(),
        }
    }

    /// The delivery of an event to an agent.
    pub fn delivery(agent: &str, envelope: &Envelope) -> Self {
        let receiver = Some(agent.to_owned()).filter(|agent| !agent.is_empty());
        Self { receiver, ..Self::event(ActivityKind::Delivered, envelope) }
    }

    /// What happened to an agent.
    pub fn agent(change: AgentChange, agent: &str) -> Self {
        let (kind, verb) = match change {
            AgentChange::Registered => (ActivityKind::Registered, "register"),
            AgentChange::Unregistered => (ActivityKind::Unregistered, "unregister"),
            AgentChange::Away => (ActivityKind::Away, "away"),
            AgentChange::Back => (ActivityKind::Back, "back"),
        };
        Self {
            at: SystemTime::now(),
            kind,
            id: format!("{verb}_{agent}"),
            topic: format!("system.agent.{verb}"),
            sender: Some(agent.to_owned()),
            receiver: None,
            event_type: String::new(),
            trace_id: None,
            thread_id: None,
            correlation_id: None,
            preview: String::new(),
        }
    }

    /// The call of a tool.
    pub fn call(call: &ToolCall) -> Self {
        Self {
            at: SystemTime::now(),
            kind: ActivityKind::ToolInvoked,
            id: call.id.clone(),
            topic: call.name.clone(),
            sender: call.caller().map(str::to_owned),
            receiver: None,
            event_type: String::new(),
            trace_id: None,
            thread_id: None,
            correlation_id: Some(call.correlation_id.clone()).filter(|id| !id.is_empty()),
            preview: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    #[test]
    fn a_delivery_names_its_receiver_and_an_event_its_type() {
        let event = Event { kind: "tick".to_owned(), ..Event::default() };
        let envelope = Envelope::new("t".to_owned(), "a", event);
        let delivery = ActivityEvent::delivery("b", &envelope);
        assert_eq!(
            (delivery.sender.as_deref(), delivery.receiver.as_deref()),
            (Some("a"), Some("b"))
        );
        assert_eq!((&*delivery.event_type, delivery.trace_id), ("tick", None));
    }

    #[test]
    fn activity_is_composed_for_observers_only() {
        let stream = ActivityStream::default();
        stream.publish(|| unreachable!("there is no observer"));
        let mut observer = stream.subscribe();
        stream.publish(|| ActivityEvent::agent(AgentChange::Unregistered, "a"));
        let activity = observer.try_recv().unwrap();
        assert_eq!((&*activity.id, &*activity.topic), ("unregister_a", "system.agent.unregister"));
    }
}
