//! The fields of a span; `loom_core::spans` documents those with a meaning.

use std::{borrow::Cow, fmt};

use tracing::field::{Field, Visit};

use super::record::{AttributeValue, SpanStatus};

/// The part of a text that is kept, in characters: topics and messages may have any length.
const MAX_TEXT_CHARS: usize = 512;
/// The number of attributes that are kept.
pub(super) const MAX_ATTRIBUTES: usize = 32;

/// The fields recorded so far.
#[derive(Debug, Default)]
pub(super) struct SpanFields {
    pub(super) trace_id: Option<u128>,
    pub(super) span_id: Option<u64>,
    pub(super) parent_id: Option<u64>,
    pub(super) attributes: Vec<(Cow<'static, str>, AttributeValue)>,
    pub(super) status: SpanStatus,
    pub(super) error: Option<String>,
    /// The run is secret.
    pub(super) is_secret: bool,
}

impl SpanFields {
    fn put(&mut self, field: &Field, value: AttributeValue) {
        match field.name() {
            "status" => {
                let is_ok =
                    matches!(&value, AttributeValue::Text(word) if word.eq_ignore_ascii_case("ok"));
                self.status = if is_ok { SpanStatus::Ok } else { SpanStatus::Error };
            }
            "error" => {
                self.status = SpanStatus::Error;
                self.error = Some(value.to_string());
            }
            name => self.put_attribute(name, value),
        }
    }

    fn put_attribute(&mut self, name: &'static str, value: AttributeValue) {
        match self.attributes.iter().position(|(key, _)| *key == name) {
            Some(index) => self.attributes[index].1 = value,
            None if self.attributes.len() < MAX_ATTRIBUTES => {
                self.attributes.push((name.into(), value))
            }
            None => {}
        }
    }
}

impl Visit for SpanFields {
    fn record_u128(&mut self, field: &Field, value: u128) {
        match field.name() {
            "trace.id" => self.trace_id = Some(value),
            _ => self.put(field, AttributeValue::Text(value.to_string())),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "span.id" => self.span_id = Some(value),
            "parent.id" => self.parent_id = Some(value),
            _ => {
                let integer = i64::try_from(value).map(AttributeValue::Integer);
                self.put(field, integer.unwrap_or(AttributeValue::Float(value as f64)));
            }
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, AttributeValue::Integer(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, AttributeValue::Float(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "secret" => self.is_secret = value,
            _ => self.put(field, AttributeValue::Bool(value)),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, AttributeValue::Text(truncated(value)));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, AttributeValue::Text(truncated(&value.to_string())));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, AttributeValue::Text(truncated(&format!("{value:?}"))));
    }
}

pub(super) fn truncated(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
