//! Chunks of a completion, published on a topic.

use std::{collections::HashMap, time::SystemTime};

use loom_base::time::epoch_millis;
use serde_json::json;

use crate::{
    event::{Envelope, Event},
    runtime::WeakRuntime,
    tool::{ToolCall, ToolFailure, ToolResult},
    trace_context::TRACEPARENT,
};

/// Publishes the chunks of one completion: `llm.delta` for each chunk, then `llm.done` or `llm.error`. If it is dropped
/// before the end, it publishes `llm.error` with the code `CANCELLED`: subscribers always get an end.
pub(super) struct ChunkPublisher<'a> {
    runtime: &'a WeakRuntime,
    call: &'a ToolCall,
    /// The `source` of the events.
    source: &'static str,
    /// Where to publish; `None` if the call names no topic, or after the end.
    topic: Option<String>,
    published: usize,
}

impl<'a> ChunkPublisher<'a> {
    pub(super) fn new(
        runtime: &'a WeakRuntime,
        call: &'a ToolCall,
        source: &'static str,
        topic: Option<String>,
    ) -> Self {
        Self { runtime, call, source, topic, published: 0 }
    }

    /// Publishes one chunk.
    pub(super) fn chunk(&mut self, text: &str) {
        let index = self.published;
        self.publish("llm.delta", || {
            json!({"call_id": self.call.id, "index": index, "text": text}).to_string()
        });
        self.published += 1;
    }

    /// Publishes the result of the call.
    pub(super) fn finish(&mut self, result: &ToolResult) {
        match result {
            Ok(output) => self.publish("llm.done", || output.clone()),
            Err(ToolFailure { code, message, .. }) => self.error(code, message),
        }
        self.topic = None;
    }

    fn error(&self, code: &str, message: &str) {
        self.publish("llm.error", || {
            json!({"call_id": self.call.id, "code": code, "message": message}).to_string()
        });
    }

    fn publish(&self, kind: &str, payload: impl FnOnce() -> String) {
        let Some((topic, runtime)) = self.topic.as_ref().zip(self.runtime.upgrade()) else {
            return;
        };
        let call = self.call;
        let mut metadata = HashMap::from([("loom.call_id".to_owned(), call.id.clone())]);
        if !call.correlation_id.is_empty() {
            metadata.insert("loom.correlation_id".to_owned(), call.correlation_id.clone());
        }
        // The chunks belong to the run of the call.
        if let Some(traceparent) = call.headers.get(TRACEPARENT) {
            metadata.insert(TRACEPARENT.to_owned(), traceparent.clone());
        }
        let event = Event {
            id: format!("{}.{}", call.id, self.published),
            kind: kind.to_owned(),
            timestamp_ms: epoch_millis(SystemTime::now()),
            source: self.source.to_owned(),
            metadata,
            payload: payload().into(),
            ..Event::default()
        };
        runtime.publish(Envelope::new(topic.clone(), "", event));
    }
}

impl Drop for ChunkPublisher<'_> {
    fn drop(&mut self) {
        self.error("CANCELLED", "the call was cancelled");
    }
}
