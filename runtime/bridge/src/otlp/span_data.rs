//! From finished spans to those of the library.

use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use crate::spans::{AttributeValue, SpanRecord, SpanStatus, conventions};

/// The span of the library, without content.
pub(super) fn span_data(record: &SpanRecord, scope: &InstrumentationScope) -> SpanData {
    let own = record.attributes.iter().map(|(key, value)| attribute(key, value));
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
        AttributeValue::Text(text) => KeyValue::new(key, text.clone()),
        AttributeValue::Integer(number) => KeyValue::new(key, *number),
        AttributeValue::Float(number) => KeyValue::new(key, *number),
        AttributeValue::Bool(value) => KeyValue::new(key, *value),
    }
}
