//! Events, and the envelopes in which the runtime passes them on.

use std::{collections::HashMap, sync::OnceLock, time::Instant};

use bytes::Bytes;

use crate::trace_context::{self, TraceContext};

/// An event as its publisher made it. The runtime passes it on unchanged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event {
    /// The publisher's id of the event.
    pub id: String,
    /// The event type; the field is called `type` on the wire.
    pub kind: String,
    /// Milliseconds since 1970 by the publisher's clock.
    pub timestamp_ms: i64,
    /// The origin of the event, as the publisher names it.
    pub source: String,
    /// Metadata of the publisher.
    pub metadata: HashMap<String, String>,
    /// The content.
    pub payload: Bytes,
    /// The publisher's confidence, 0 to 1.
    pub confidence: f32,
    /// Tags of the publisher.
    pub tags: Vec<String>,
    /// The priority; higher is more urgent. The bus does not reorder by it.
    pub priority: i32,
}

impl Event {
    /// The size of the content in bytes: payload, metadata, tags, id, type and source.
    pub fn size(&self) -> usize {
        let metadata: usize =
            self.metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
        let tags: usize = self.tags.iter().map(String::len).sum();
        self.id.len() + self.kind.len() + self.source.len() + self.payload.len() + metadata + tags
    }

    /// The metadata value of `loom.<key>`, which the SDK writes, else of `<key>`. An empty value counts as absent.
    pub fn metadata_value(&self, key: &str) -> Option<&str> {
        let prefixed = self.metadata.get(&format!("loom.{key}")).filter(|value| !value.is_empty());
        prefixed
            .or_else(|| self.metadata.get(key))
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// An event on its way to subscribers; all of its deliveries share one envelope.
#[derive(Debug, PartialEq)]
pub struct Envelope {
    /// The topic that the event was published to.
    pub topic: String,
    /// The publisher; empty if unknown.
    pub sender: String,
    /// The event itself.
    pub event: Event,
    /// The size of event and topic in bytes.
    pub size: usize,
    /// When the runtime received the event.
    pub received_at: Instant,
    /// The event as encoded for the wire, once a delivery has needed it.
    encoded: OnceLock<Bytes>,
    /// Whether the event is marked secret, once that was asked.
    is_secret: OnceLock<bool>,
    /// The span of the publishing; without a recorder, the context that the publisher says.
    pub trace: Option<TraceContext>,
}

impl Envelope {
    /// Wraps an event that arrived on a stream of `agent` (empty for an anonymous one). The sender is the one that the
    /// event's metadata names as `sender`, else that agent, else the event's source; the event is not changed.
    pub fn new(topic: String, agent: &str, event: Event) -> Self {
        let agent = Some(agent).filter(|agent| !agent.is_empty());
        let sender = event.metadata_value("sender").or(agent).unwrap_or(&event.source).to_owned();
        let size = topic.len() + event.size();
        Self {
            topic,
            sender,
            event,
            size,
            received_at: Instant::now(),
            encoded: OnceLock::new(),
            is_secret: OnceLock::new(),
            trace: None,
        }
    }

    /// Whether nothing may keep the content. The metadata is read at the first call only.
    pub fn is_secret(&self) -> bool {
        *self.is_secret.get_or_init(|| trace_context::is_secret(&self.event.metadata))
    }

    /// The event as encoded for the wire. `encode` runs at the first delivery only; all others share its result.
    pub fn encoded(&self, encode: impl FnOnce(&Event) -> Bytes) -> &Bytes {
        self.encoded.get_or_init(|| encode(&self.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(source: &str, metadata: &[(&str, &str)]) -> Event {
        let metadata = metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Event { source: source.to_owned(), metadata, ..Event::default() }
    }

    #[test]
    fn the_sender_comes_from_the_metadata_then_the_stream_then_the_source() {
        let table = [
            (vec![("loom.sender", "a"), ("sender", "b")], "stream", "a"),
            (vec![("sender", "b")], "stream", "b"),
            (vec![("loom.sender", ""), ("sender", "b")], "stream", "b"),
            (vec![("loom.sender", "")], "stream", "stream"),
            (vec![], "stream", "stream"),
            (vec![], "", "source"),
        ];
        for (metadata, agent, sender) in table {
            let event = event("source", &metadata);
            let envelope = Envelope::new("t".to_owned(), agent, event.clone());
            assert_eq!(envelope.sender, sender, "{metadata:?} {agent}");
            assert_eq!(envelope.event, event);
        }
    }

    #[test]
    fn the_size_counts_all_variable_fields() {
        let event = Event {
            id: "12".to_owned(),
            kind: "345".to_owned(),
            payload: Bytes::from_static(&[0; 100]),
            tags: vec!["ab".to_owned(), "c".to_owned()],
            ..event("s", &[("key", "value")])
        };
        assert_eq!(event.size(), 2 + 3 + 100 + 3 + 1 + 8);
        assert_eq!(Envelope::new("topic".to_owned(), "a", event).size, 117 + 5);
    }
}
