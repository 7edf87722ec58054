//! An event that the page or a program publishes.

use std::{collections::HashMap, time::SystemTime};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use loom_base::{time::epoch_millis, token::random_token};
use loom_core::{Envelope, Event, LimitError, TRACEPARENT, TraceContext, limits};
use loom_history::RunId;
use serde::{Deserialize, Deserializer};
use serde_json::{json, value::RawValue};

use super::{
    context::DashboardContext,
    json_body::{JsonBody, refusal},
};

/// The body of a publication. At most one of the payloads is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRequest {
    topic: String,
    /// The payload as JSON, published as it stands in the request.
    #[serde(default, deserialize_with = "present")]
    payload: Option<Box<RawValue>>,
    /// The payload as text that need not be JSON.
    #[serde(default)]
    payload_text: Option<String>,
    /// The payload in hexadecimal digits.
    #[serde(default)]
    payload_hex: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    metadata: HashMap<String, String>,
    /// The span that the event follows from, by W3C Trace Context.
    #[serde(default)]
    traceparent: Option<String>,
}

/// Why an event cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum EventRequestError {
    /// The topic is empty.
    #[error("topic must not be empty")]
    Topic,
    /// Several payloads are given.
    #[error("expected one of payload, payload_text and payload_hex")]
    Payloads,
    /// The payload is no sequence of bytes.
    #[error("payload_hex: expected pairs of hexadecimal digits")]
    Hex,
    /// The position in a trace has no meaning.
    #[error("traceparent: {0}")]
    Traceparent(#[from] loom_core::trace_context::TraceparentError),
    /// A part of the event is too long.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The system has no random numbers.
    #[error("the system has no random numbers")]
    Random(#[from] std::io::Error),
}

/// `POST /api/events`: publishes an event: `{"id", "run", "delivered"}`.
pub async fn publish(
    State(context): State<DashboardContext>,
    JsonBody(request): JsonBody<EventRequest>,
) -> Response {
    match request.into_envelope() {
        Ok(envelope) => {
            let id = envelope.event.id.clone();
            let receipt = context.runtime.publish_with_receipt(envelope);
            let run = receipt.trace.map(|trace| RunId(trace.trace_id));
            Json(json!({ "id": id, "run": run, "delivered": receipt.delivered })).into_response()
        }
        Err(error @ EventRequestError::Random(_)) => {
            refusal(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
        }
        Err(error) => refusal(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

impl EventRequest {
    fn into_envelope(self) -> Result<Envelope, EventRequestError> {
        if self.topic.is_empty() {
            return Err(EventRequestError::Topic);
        }
        let payload = match (self.payload, self.payload_text, self.payload_hex) {
            (None, None, None) => Bytes::new(),
            (Some(json), None, None) => json.get().to_owned().into(),
            (None, Some(text), None) => text.into(),
            (None, None, Some(digits)) => {
                hex::decode(digits).map_err(|_| EventRequestError::Hex)?.into()
            }
            _ => return Err(EventRequestError::Payloads),
        };
        let mut metadata = self.metadata;
        if let Some(traceparent) = self.traceparent {
            let context: TraceContext = traceparent.parse()?;
            metadata.insert(TRACEPARENT.to_owned(), context.to_string());
        }
        let event = Event {
            id: random_token()?,
            kind: self.kind.unwrap_or_else(|| "event".to_owned()),
            timestamp_ms: epoch_millis(SystemTime::now()),
            metadata,
            payload,
            ..Event::default()
        };
        limits::check_event(&self.topic, &event)?;
        Ok(Envelope::new(self.topic, "", event))
    }
}

/// A payload that is given, `null` too.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(json: &str) -> Result<Envelope, EventRequestError> {
        serde_json::from_str::<EventRequest>(json).unwrap().into_envelope()
    }

    #[test]
    fn payloads_are_published_byte_by_byte() {
        for (json, expected) in [
            (r#"{"topic": "t", "payload": {"b":1.0,  "a":[]}}"#, &br#"{"b":1.0,  "a":[]}"#[..]),
            (r#"{"topic": "t", "payload": null}"#, b"null"),
            (r#"{"topic": "t", "payload": "x"}"#, br#""x""#),
            (r#"{"topic": "t", "payload_text": "x"}"#, b"x"),
            (r#"{"topic": "t", "payload_hex": "00ff"}"#, b"\0\xff"),
            (r#"{"topic": "t"}"#, b""),
        ] {
            assert_eq!(envelope(json).unwrap().event.payload, expected, "{json}");
        }
    }

    #[test]
    fn what_cannot_be_published_is_refused() {
        for (json, expected) in [
            (r#"{"topic": ""}"#, "topic must not be empty"),
            (
                r#"{"topic": "t", "payload": 1, "payload_text": "1"}"#,
                "expected one of payload, payload_text and payload_hex",
            ),
            (
                r#"{"topic": "t", "payload_hex": "0"}"#,
                "payload_hex: expected pairs of hexadecimal digits",
            ),
        ] {
            assert_eq!(envelope(json).unwrap_err().to_string(), expected, "{json}");
        }
        assert!(envelope(r#"{"topic": "t", "traceparent": "00-1-2-03"}"#).is_err());
        let long = "t".repeat(limits::MAX_TOPIC_BYTES + 1);
        let error = envelope(&format!(r#"{{"topic": "{long}"}}"#)).unwrap_err();
        assert!(matches!(error, EventRequestError::Limit(_)), "{error}");
    }
}
