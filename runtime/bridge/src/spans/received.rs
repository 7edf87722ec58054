//! Spans that agents send, from OTLP.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use loom_core::TraceContext;
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{ResourceSpans, Span, status::StatusCode},
};

use loom_history::{BodyRow, KeyPatterns, REPLACED, holds_no_content, redact_value};

use super::{
    conventions,
    fields::{MAX_ATTRIBUTES, truncated},
    received_content,
    record::{AttributeValue, SpanRecord, SpanStatus},
};

/// The attribute of a resource that names the agent.
const SERVICE_NAME: &str = "service.name";
/// The attribute of a span that names the agent.
const AGENT: &str = "agent";

/// The attribute by which a span marks its run secret, as the metadata of events do.
const SECRET: &str = "loom.secret";

/// Which attributes are kept, and what of them.
#[derive(Debug, Clone, Copy)]
pub struct AttributeFilter<'a> {
    /// Whether content is kept. Without, a text is kept only under a name that holds none.
    pub content: bool,
    /// The keys whose values are replaced.
    pub patterns: &'a KeyPatterns,
}

impl AttributeFilter<'_> {
    /// What is kept of an attribute: redacted first, then cut.
    fn kept(
        self,
        KeyValue { key, value, .. }: KeyValue,
    ) -> Option<(Cow<'static, str>, AttributeValue)> {
        // These are bodies.
        if conventions::content_kind(&key).is_some() {
            return None;
        }
        let name = conventions::received(&key);
        let value = value_of(value?)?;
        let is_text = matches!(value, AttributeValue::Text(_));
        if is_text && !self.content && !holds_no_content(name) {
            return None;
        }
        let redacted = match value {
            AttributeValue::Text(text) => {
                AttributeValue::Text(truncated(&redact_value(&key, &text, self.patterns)))
            }
            _ if self.patterns.matches(&key) => AttributeValue::Text(REPLACED.to_owned()),
            other => other,
        };
        Some((truncated(name).into(), redacted))
    }
}

/// A span that an agent sent.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedSpan {
    /// The span without what went into its work and came out of it.
    pub record: SpanRecord,
    /// What went into the work and came out of it.
    pub bodies: Vec<BodyRow>,
}

/// The spans of a request; `None` for one without an id or a name.
pub fn spans(
    of_resources: Vec<ResourceSpans>,
    filter: AttributeFilter<'_>,
) -> Vec<Option<ReceivedSpan>> {
    let of_resource = |resource: ResourceSpans| {
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let agent = text_of(&attributes, SERVICE_NAME);
        let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.map(move |span| received(span, agent.as_deref(), filter))
    };
    of_resources.into_iter().flat_map(of_resource).collect()
}

fn received(span: Span, agent: Option<&str>, filter: AttributeFilter<'_>) -> Option<ReceivedSpan> {
    let bodies = received_content::bodies(&span);
    Some(ReceivedSpan { record: record(span, agent, filter)?, bodies })
}

fn is_marked(attributes: &[KeyValue]) -> bool {
    let value = attributes.iter().find(|attribute| attribute.key == SECRET);
    match value.and_then(|attribute| attribute.value.as_ref()?.value.as_ref()) {
        Some(Value::BoolValue(is_secret)) => *is_secret,
        Some(Value::IntValue(number)) => *number == 1,
        Some(Value::StringValue(text)) => text == "1" || text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

fn record(span: Span, agent: Option<&str>, filter: AttributeFilter<'_>) -> Option<SpanRecord> {
    let context = context(&span.trace_id, &span.span_id)?;
    let name = Some(truncated(&span.name)).filter(|name| !name.is_empty())?;
    let (status, error) = status(&span);
    let start = time(span.start_time_unix_nano);
    let duration = span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano);
    let is_secret = is_marked(&span.attributes);
    let attributes = span.attributes.into_iter().filter_map(|attribute| filter.kept(attribute));
    let mut attributes: Vec<_> = attributes.take(MAX_ATTRIBUTES - 1).collect();
    let names_agent = attributes.iter().any(|(key, _)| key == AGENT);
    if let Some(agent) = agent.filter(|_| !names_agent) {
        attributes.push((AGENT.into(), AttributeValue::Text(truncated(agent))));
    }
    Some(SpanRecord {
        context,
        parent: id(&span.parent_span_id),
        parent_is_remote: false,
        name: name.into(),
        start,
        duration: Duration::from_nanos(duration),
        attributes,
        status,
        error,
        is_secret,
    })
}

fn context(trace_id: &[u8], span_id: &[u8]) -> Option<TraceContext> {
    let trace_id = u128::from_be_bytes(trace_id.try_into().ok()?);
    let span_id = id(span_id)?;
    (trace_id != 0).then_some(TraceContext { trace_id, span_id, sampled: true })
}

fn id(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes).filter(|id| *id != 0)
}

fn status(span: &Span) -> (SpanStatus, Option<String>) {
    let Some(status) = &span.status else { return (SpanStatus::Unset, None) };
    match status.code() {
        StatusCode::Unset => (SpanStatus::Unset, None),
        StatusCode::Ok => (SpanStatus::Ok, None),
        StatusCode::Error => (SpanStatus::Error, Some(truncated(&status.message))),
    }
}

fn time(nanoseconds: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_nanos(nanoseconds)).unwrap_or(UNIX_EPOCH)
}

/// A value of a simple type; lists and maps are left out.
fn value_of(value: AnyValue) -> Option<AttributeValue> {
    match value.value? {
        Value::StringValue(text) => Some(AttributeValue::Text(text)),
        Value::BoolValue(value) => Some(AttributeValue::Bool(value)),
        Value::IntValue(number) => Some(AttributeValue::Integer(number)),
        Value::DoubleValue(number) => Some(AttributeValue::Float(number)),
        _ => None,
    }
}

fn text_of(attributes: &[KeyValue], key: &str) -> Option<String> {
    let value = attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?;
    match value.value.as_ref()? {
        Value::StringValue(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        resource::v1::Resource,
        trace::v1::{ScopeSpans, Status},
    };

    use super::*;

    fn text(key: &str, text: &str) -> KeyValue {
        let value = Some(AnyValue { value: Some(Value::StringValue(text.to_owned())) });
        KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
    }

    fn request(spans: Vec<Span>) -> Vec<ResourceSpans> {
        let attributes = vec![text(SERVICE_NAME, "planner")];
        let resource = Some(Resource { attributes, ..Resource::default() });
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }]
    }

    fn read(spans: Vec<Span>, content: bool) -> Vec<Option<ReceivedSpan>> {
        let patterns = &KeyPatterns::default();
        super::spans(request(spans), AttributeFilter { content, patterns })
    }

    fn span(trace_id: &[u8], span_id: &[u8], name: &str) -> Span {
        Span {
            trace_id: trace_id.to_vec(),
            span_id: span_id.to_vec(),
            name: name.to_owned(),
            ..Span::default()
        }
    }

    #[test]
    fn a_span_names_its_agent_and_its_error() {
        let sent = Span {
            parent_span_id: 7_u64.to_be_bytes().to_vec(),
            start_time_unix_nano: 1_000,
            end_time_unix_nano: 4_000,
            attributes: vec![text("topic", "price")],
            status: Some(Status { message: "no".to_owned(), code: StatusCode::Error.into() }),
            ..span(&1_u128.to_be_bytes(), &2_u64.to_be_bytes(), "plan")
        };
        let record = read(vec![sent], true).remove(0).unwrap().record;
        assert_eq!(
            (record.context.trace_id, record.context.span_id, record.parent),
            (1, 2, Some(7))
        );
        assert_eq!((&*record.name, record.duration), ("plan", Duration::from_nanos(3_000)));
        assert_eq!((record.status, record.error.as_deref()), (SpanStatus::Error, Some("no")));
        let attributes: Vec<_> =
            record.attributes.iter().map(|(k, v)| (&**k, v.to_string())).collect();
        let expected = [("topic", "price".to_owned()), ("agent", "planner".to_owned())];
        assert_eq!(attributes, expected);
    }

    fn attribute(key: &str, value: Value) -> KeyValue {
        let value = Some(AnyValue { value: Some(value) });
        KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
    }

    #[test]
    fn attributes_are_redacted_and_without_content_texts_need_a_known_name() {
        let number = |key: &str| attribute(key, Value::IntValue(7));
        for (attribute, with_content, without) in [
            (text("gen_ai.request.model", "small"), Some("small"), Some("small")),
            (text("http.request.method", "GET"), Some("GET"), Some("GET")),
            (text("gen_ai.prompt.0.content", "hi"), Some("hi"), None),
            (text("llm.input_messages.0.message.content", "hi"), Some("hi"), None),
            (text("db.query.text", "select 1"), Some("select 1"), None),
            (text("gen_ai.input.messages", "[]"), None, None),
            (text("own", "x"), Some("x"), None),
            (number("own"), Some("7"), Some("7")),
            (attribute("own", Value::BoolValue(true)), Some("true"), Some("true")),
            (text("db.api_key", "hush"), Some("***"), None),
            (text("http.request.header.authorization", "hush"), Some("***"), None),
            (number("password"), Some("***"), Some("***")),
            (text("tool.parameters", r#"{"token":"hush"}"#), Some(r#"{"token":"***"}"#), None),
        ] {
            for (content, expected) in [(true, with_content), (false, without)] {
                let span = Span {
                    attributes: vec![attribute.clone()],
                    ..span(&1_u128.to_be_bytes(), &2_u64.to_be_bytes(), "x")
                };
                let record = read(vec![span], content).remove(0).unwrap().record;
                let of_agent = |(key, _): &&(Cow<'static, str>, AttributeValue)| key != AGENT;
                let found = record.attributes.iter().find(of_agent).map(|(_, v)| v.to_string());
                assert_eq!(found.as_deref(), expected, "{attribute:?}");
            }
        }
    }

    #[test]
    fn a_run_is_marked_by_any_form_of_true() {
        for (value, expected) in [
            (Value::BoolValue(true), true),
            (Value::BoolValue(false), false),
            (Value::IntValue(1), true),
            (Value::IntValue(0), false),
            (Value::StringValue("True".to_owned()), true),
            (Value::StringValue("1".to_owned()), true),
            (Value::StringValue("no".to_owned()), false),
        ] {
            assert_eq!(is_marked(&[attribute(SECRET, value.clone())]), expected, "{value:?}");
        }
    }

    #[test]
    fn spans_without_ids_or_a_name_are_refused() {
        let (trace, id) = (1_u128.to_be_bytes(), 1_u64.to_be_bytes());
        let table = [
            (span(&trace, &id, "x"), true),
            (span(&[0; 16], &id, "x"), false),
            (span(&trace[1..], &id, "x"), false),
            (span(&trace, &[0; 8], "x"), false),
            (span(&trace, &[1; 9], "x"), false),
            (span(&trace, &id, ""), false),
        ];
        for (span, is_valid) in table {
            assert_eq!(read(vec![span.clone()], true)[0].is_some(), is_valid, "{span:?}");
        }
    }
}
