//! The message `Delivery`, implemented by hand: its event is encoded once and sent many times.

use loom_core::{Envelope, TraceContext};
use prost::{
    DecodeError, Message,
    bytes::{Buf, BufMut, Bytes},
    encoding::{self, DecodeContext, WireType},
};

use crate::{convert, proto::Event};

const TOPIC: u32 = 1;
const EVENT: u32 = 2;
const PUBLISHED_TOPIC: u32 = 3;
const TRACEPARENT: u32 = 4;

/// An event of a subscription.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Delivery {
    /// The subscribed pattern.
    pub topic: String,
    /// The event, in a message that was decoded or is to be encoded.
    pub event: Option<Event>,
    /// The topic that the event was published to.
    pub published_topic: String,
    /// The span of the delivery as a W3C `traceparent`, for what the agent does with the event; empty where none is known.
    pub traceparent: String,
    /// The encoded event, instead of `event`.
    encoded: Option<Bytes>,
}

impl Delivery {
    /// The delivery of an event that other subscriptions may get too.
    pub fn new(pattern: &str, envelope: &Envelope, trace: Option<TraceContext>) -> Self {
        let encoded =
            envelope.encoded(|event| convert::event_to_wire(event).encode_to_vec().into()).clone();
        Self {
            topic: pattern.to_owned(),
            event: None,
            published_topic: envelope.topic.clone(),
            traceparent: trace.map(|trace| trace.to_string()).unwrap_or_default(),
            encoded: Some(encoded),
        }
    }
}

impl Message for Delivery {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        if !self.topic.is_empty() {
            encoding::string::encode(TOPIC, &self.topic, buffer);
        }
        if let Some(event) = &self.encoded {
            encoding::bytes::encode(EVENT, event, buffer);
        } else if let Some(event) = &self.event {
            encoding::message::encode(EVENT, event, buffer);
        }
        if !self.published_topic.is_empty() {
            encoding::string::encode(PUBLISHED_TOPIC, &self.published_topic, buffer);
        }
        if !self.traceparent.is_empty() {
            encoding::string::encode(TRACEPARENT, &self.traceparent, buffer);
        }
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        match tag {
            TOPIC => encoding::string::merge(wire_type, &mut self.topic, buffer, context),
            EVENT => {
                let event = self.event.get_or_insert_default();
                encoding::message::merge(wire_type, event, buffer, context)
            }
            PUBLISHED_TOPIC => {
                encoding::string::merge(wire_type, &mut self.published_topic, buffer, context)
            }
            TRACEPARENT => {
                encoding::string::merge(wire_type, &mut self.traceparent, buffer, context)
            }
            _ => encoding::skip_field(wire_type, tag, buffer, context),
        }
    }

    fn encoded_len(&self) -> usize {
        let text = |tag, text: &String| {
            if text.is_empty() { 0 } else { encoding::string::encoded_len(tag, text) }
        };
        let event = match (&self.encoded, &self.event) {
            // A field of bytes and a field with a message are encoded alike.
            (Some(event), _) => encoding::bytes::encoded_len(EVENT, event),
            (None, Some(event)) => encoding::message::encoded_len(EVENT, event),
            (None, None) => 0,
        };
        text(TOPIC, &self.topic)
            + event
            + text(PUBLISHED_TOPIC, &self.published_topic)
            + text(TRACEPARENT, &self.traceparent)
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_shared_event_is_encoded_as_an_ordinary_one() {
        let event = Event {
            id: "1".to_owned(),
            metadata: HashMap::from([("k".to_owned(), "v".to_owned())]),
            payload: Bytes::from(vec![7; 300]),
            priority: -1,
            ..Event::default()
        };
        for (topic, event) in
            [("p.*", event.clone()), ("", event), ("t", Event::default()), ("", Event::default())]
        {
            let published_topic = if topic.is_empty() { "" } else { "p.x" }.to_owned();
            let core_event = convert::event(event.clone());
            let envelope = Envelope::new(published_topic.clone(), "a", core_event);
            let topic = topic.to_owned();
            for trace in [None, Some(TraceContext::root(true))] {
                let ordinary = Delivery {
                    topic: topic.clone(),
                    event: Some(event.clone()),
                    published_topic: published_topic.clone(),
                    traceparent: trace.map(|trace| trace.to_string()).unwrap_or_default(),
                    encoded: None,
                };
                let shared = Delivery::new(&ordinary.topic, &envelope, trace);
                assert_eq!(shared.encoded_len(), ordinary.encoded_len());
                let bytes = shared.encode_to_vec();
                assert_eq!(bytes, ordinary.encode_to_vec());
                assert_eq!(Delivery::decode(&*bytes), Ok(ordinary.clone()));
            }
        }
        assert!(Delivery::default().encode_to_vec().is_empty());
    }
}
