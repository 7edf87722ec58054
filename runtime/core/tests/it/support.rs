//! Shared by the test files: short forms of what they register, publish and read.

use futures::FutureExt as _;
use futures::StreamExt as _;
use loom_core::{
    Envelope, Event, OutboundStream, Outgoing, QueueItem, Registration, Runtime, Tool,
};

pub(crate) fn event(id: &str) -> Event {
    Event { id: id.to_owned(), ..Event::default() }
}

pub(crate) fn publish(runtime: &Runtime, topic: &str, id: &str) {
    runtime.publish(Envelope::new(topic.to_owned(), "", event(id)));
}

pub(crate) fn register(runtime: &Runtime, agent: &str, topics: &[&str], tools: &[&str]) {
    let tool = |name: &&str| Tool { name: (*name).to_owned(), ..Tool::default() };
    let registration = Registration {
        agent: agent.to_owned(),
        topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
        tools: tools.iter().map(tool).collect(),
        ..Registration::default()
    };
    runtime.register(registration).unwrap();
}

/// The next message of a stream: `pattern=id by sender` for a delivery.
pub(crate) async fn next(outbound: &mut OutboundStream) -> String {
    match outbound.next().await {
        None => "end".to_owned(),
        Some(Err(end)) => format!("{end:?}"),
        Some(Ok(Outgoing::Event(QueueItem::Delivery { pattern, envelope, .. }))) => {
            format!("{pattern}={} by {}", envelope.event.id, envelope.sender)
        }
        Some(Ok(other)) => format!("{other:?}"),
    }
}

/// All messages that a stream yields without waiting: `pattern=id` for a delivery.
pub(crate) fn drain(outbound: &mut OutboundStream) -> Vec<String> {
    let mut messages = Vec::new();
    while let Some(Some(message)) = outbound.next().now_or_never() {
        messages.push(match message {
            Ok(Outgoing::Event(QueueItem::Delivery { pattern, envelope, .. })) => {
                format!("{pattern}={}", envelope.event.id)
            }
            other => format!("{other:?}"),
        });
    }
    messages
}
