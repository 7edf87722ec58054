//! What went into the work of an agent's span and came out of it: the opt-in attributes of OpenTelemetry's GenAI conventions.
//!
//! They stand at the span, or at its event [`DETAILS`], as text with JSON or as a list of values.

use loom_history::BodyRow;
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::Span,
};
use serde_json::{Map, Value as Json};

use super::conventions;

/// The event that has the content of a request to a model, in place of the span's attributes.
const DETAILS: &str = "gen_ai.client.inference.operation.details";

/// The content of a span, at most one of each kind: the first that is found.
pub(super) fn bodies(span: &Span) -> Vec<BodyRow> {
    let details = span.events.iter().filter(|event| event.name == DETAILS);
    let attributes = span.attributes.iter().chain(details.flat_map(|event| &event.attributes));
    let mut bodies: Vec<BodyRow> = Vec::new();
    for body in attributes.filter_map(body) {
        if bodies.iter().all(|other| other.kind != body.kind) {
            bodies.push(body);
        }
    }
    bodies
}

fn body(attribute: &KeyValue) -> Option<BodyRow> {
    let kind = conventions::content_kind(&attribute.key)?;
    let content = match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        other => json(other).to_string(),
    };
    let body = BodyRow { kind, content_type: "".into(), content: content.into() };
    Some(body).filter(|body| !body.content.is_empty())
}

/// The JSON of a value; bytes have no form in it. Its depth is limited where the request is decoded.
fn json(value: &Value) -> Json {
    let of = |value: &AnyValue| value.value.as_ref().map_or(Json::Null, json);
    match value {
        Value::StringValue(text) => Json::from(text.as_str()),
        Value::BoolValue(value) => Json::from(*value),
        Value::IntValue(number) => Json::from(*number),
        Value::DoubleValue(number) => Json::from(*number),
        Value::ArrayValue(list) => list.values.iter().map(of).collect(),
        Value::KvlistValue(list) => {
            let member = |KeyValue { key, value, .. }: &KeyValue| {
                (key.clone(), value.as_ref().map_or(Json::Null, of))
            };
            Json::Object(list.values.iter().map(member).collect::<Map<_, _>>())
        }
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use loom_history::BodyKind;
    use opentelemetry_proto::tonic::{
        common::v1::{ArrayValue, KeyValueList},
        trace::v1::span::Event,
    };

    use super::*;

    fn any(value: Value) -> AnyValue {
        AnyValue { value: Some(value) }
    }

    fn attribute(key: &str, value: Value) -> KeyValue {
        KeyValue { key: key.to_owned(), value: Some(any(value)), ..KeyValue::default() }
    }

    fn text(text: &str) -> Value {
        Value::StringValue(text.to_owned())
    }

    #[test]
    fn content_is_found_at_the_span_and_at_its_event() {
        let message = KeyValueList {
            values: vec![attribute("role", text("user")), attribute("n", Value::IntValue(2))],
        };
        let list = ArrayValue { values: vec![any(Value::KvlistValue(message))] };
        let span = Span {
            attributes: vec![
                attribute("gen_ai.output.messages", text("[1]")),
                attribute("gen_ai.request.model", text("small")),
                attribute("gen_ai.tool.call.result", text("")),
            ],
            events: vec![
                Event {
                    name: DETAILS.to_owned(),
                    attributes: vec![
                        attribute("gen_ai.input.messages", Value::ArrayValue(list)),
                        attribute("gen_ai.output.messages", text("[2]")),
                    ],
                    ..Event::default()
                },
                Event {
                    name: "other".to_owned(),
                    attributes: vec![attribute("input.value", text("x"))],
                    ..Event::default()
                },
            ],
            ..Span::default()
        };
        let found = bodies(&span);
        let found: Vec<_> = found.iter().map(|body| (body.kind, &*body.content)).collect();
        let expected = [
            (BodyKind::OutputMessages, &b"[1]"[..]),
            (BodyKind::InputMessages, br#"[{"n":2,"role":"user"}]"#),
        ];
        assert_eq!(found, expected);
    }
}
