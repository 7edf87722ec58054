//! From finished spans to those of the library.

use loom_history::{KeyPatterns, redact_value};
use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use crate::spans::{AttributeValue, SpanRecord, SpanStatus, conventions};

/// The span of the library. Content that an agent sent is left out, or kept redacted where content is captured.
pub(super) fn span_data(
    record: &SpanRecord,
    scope: &InstrumentationScope,
    captures: bool,
) -> SpanData {
    let is_sent = |key: &str| captures || !conventions::is_content(key);
    let own = record.attributes.iter().filter(|(key, _)| is_sent(key));
    let own = own.map(|(key, value)| attribute(key, value));
    let constants = conventions::constants(&record.name).iter();
    let constants = constants.map(|(key, value)| KeyValue::new(*key, *value));
    SpanData {
        span_context: SpanContext::new(
            TraceId::from(record.context.trace_id),
            SpanId::from(record.context.span_id),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        ),
        parent_span_id: record.parent.map_or(SpanId::INVALID, SpanId::from),
        parent_span_is_remote: record.parent_is_remote,
        span_kind: span_kind(&record.name),
        name: record.name.clone(),
        start_time: record.start,
        end_time: record.start + record.duration,
        attributes: own.chain(constants).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: match record.status {
            SpanStatus::Unset => Status::Unset,
            SpanStatus::Ok => Status::Ok,
            SpanStatus::Error => Status::error(record.error.clone().unwrap_or_default()),
        },
        instrumentation_scope: scope.clone(),
    }
}

fn span_kind(name: &str) -> SpanKind {
    match name {
        "event.publish" => SpanKind::Producer,
        "event.deliver" => SpanKind::Consumer,
        "llm.generate" | "mcp.call" => SpanKind::Client,
        "tool.call" => SpanKind::Server,
        _ => SpanKind::Internal,
    }
}

fn attribute(key: &str, value: &AttributeValue) -> KeyValue {
    let key = conventions::exported(key).to_owned();
    match value {
        AttributeValue::Text(text) if conventions::is_content(&key) => {
            let text = redact_value(&key, text, &KeyPatterns::default()).into_owned();
            KeyValue::new(key, text)
        }
        AttributeValue::Text(text) => KeyValue::new(key, text.clone()),
        AttributeValue::Integer(number) => KeyValue::new(key, *number),
        AttributeValue::Float(number) => KeyValue::new(key, *number),
        AttributeValue::Bool(value) => KeyValue::new(key, *value),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use loom_core::TraceContext;

    use super::*;

    fn exported(captures: bool) -> Vec<(String, String)> {
        let text = |text: &str| AttributeValue::Text(text.to_owned());
        let record = SpanRecord {
            context: TraceContext { trace_id: 1, span_id: 2, sampled: true },
            parent: None,
            parent_is_remote: false,
            name: "plan".into(),
            start: UNIX_EPOCH,
            duration: Duration::ZERO,
            attributes: vec![
                ("model".into(), text("m")),
                ("gen_ai.input.messages".into(), text("[{\"api_key\":\"hush\"}]")),
            ],
            status: SpanStatus::Ok,
            error: None,
        };
        let span = span_data(&record, &InstrumentationScope::builder("loom").build(), captures);
        let pairs = span.attributes.into_iter();
        pairs.map(|pair| (pair.key.to_string(), pair.value.to_string())).collect()
    }

    #[test]
    fn content_of_agents_is_left_out_or_redacted() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let model = pair("gen_ai.request.model", "m");
        assert_eq!(exported(false), std::slice::from_ref(&model));
        let messages = pair("gen_ai.input.messages", "[{\"api_key\":\"***\"}]");
        assert_eq!(exported(true), [model, messages]);
    }
}
