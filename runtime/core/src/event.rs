//! What happened, and who says so.

use std::{collections::HashMap, sync::OnceLock, time::Instant};

use bytes::Bytes;

use crate::spans::TraceContext;

/// Something that happened. The runtime passes it through as it is: nothing is added, nothing taken away.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event {
    /// The publisher's name for it.
    pub id: String,
    /// What kind of event; called `type` on the wire.
    pub kind: String,
    /// Milliseconds since 1970, by the publisher's clock.
    pub timestamp_ms: i64,
    /// Where it comes from, in the publisher's words.
    pub source: String,
    /// The publisher's notes.
    pub metadata: HashMap<String, String>,
    /// The content.
    pub payload: Bytes,
    /// How sure the publisher is, 0 to 1.
    pub confidence: f32,
    /// Labels.
    pub tags: Vec<String>,
    /// Higher is more urgent; the bus does not reorder by it.
    pub priority: i32,
}

impl Event {
    /// Bytes of content: payload, notes, labels and names.
    pub fn size(&self) -> usize {
        let notes: usize = self.metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
        let labels: usize = self.tags.iter().map(String::len).sum();
        self.id.len() + self.kind.len() + self.source.len() + self.payload.len() + notes + labels
    }

    /// A note of the publisher: `loom.<key>`, which its SDK writes, else `<key>`. Empty counts as absent.
    pub fn note(&self, key: &str) -> Option<&str> {
        let ours = self.metadata.get(&format!("loom.{key}")).filter(|value| !value.is_empty());
        ours.or_else(|| self.metadata.get(key))
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// An event on its way, shared by all of its deliveries.
#[derive(Debug, PartialEq)]
pub struct Envelope {
    /// The topic it was published to.
    pub topic: String,
    /// Who published it; empty if nobody says.
    pub sender: String,
    /// The event itself.
    pub event: Event,
    /// Bytes of the event and its topic.
    pub size: usize,
    /// When we got it.
    pub at: Instant,
    /// What it looks like to those outside, once somebody needed that.
    form: OnceLock<Bytes>,
    /// The span of its publishing, where somebody wants to know.
    pub trace: Option<TraceContext>,
}

impl Envelope {
    /// Seals an event that arrived on the stream of `agent` (empty for an anonymous one). The sender is whom the
    /// event names, else that agent, else the event's source; it is not written into the event.
    pub fn new(topic: String, agent: &str, event: Event) -> Self {
        let stream = Some(agent).filter(|agent| !agent.is_empty());
        let sender = event.note("sender").or(stream).unwrap_or(&event.source).to_owned();
        let size = topic.len() + event.size();
        Self { topic, sender, event, size, at: Instant::now(), trace: None, form: OnceLock::new() }
    }

    /// The event's form outside of this process, made once for all of its deliveries.
    pub fn form(&self, make: impl FnOnce(&Event) -> Bytes) -> &Bytes {
        self.form.get_or_init(|| make(&self.event))
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
    fn the_sender_is_whom_the_event_names_then_the_stream_then_the_source() {
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
    fn everything_that_takes_room_counts() {
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
