//! What a span says of itself, read from its fields; `loom_core::spans` names those with a meaning.

use std::{fmt, time::Duration};

use tracing::field::{Field, Visit};

use super::record::{AttributeValue, SpanStatus};

/// Characters kept of a text: topics and messages may be of any length.
const TEXT: usize = 512;
/// Attributes kept of a span.
const ATTRIBUTES: usize = 32;

/// Everything read so far.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) trace: Option<u128>,
    pub(super) span: Option<u64>,
    pub(super) parent: Option<u64>,
    /// The work began so long before its span was opened.
    pub(super) ago: Duration,
    pub(super) attributes: Vec<(&'static str, AttributeValue)>,
    pub(super) status: SpanStatus,
    pub(super) error: Option<String>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: AttributeValue) {
        match field.name() {
            "status" => {
                let fine =
                    matches!(&value, AttributeValue::Text(word) if word.eq_ignore_ascii_case("ok"));
                self.status = if fine { SpanStatus::Ok } else { SpanStatus::Error };
            }
            "error" => {
                self.status = SpanStatus::Error;
                self.error = Some(value.to_string());
            }
            name => match self.attributes.iter().position(|(key, _)| *key == name) {
                Some(at) => self.attributes[at].1 = value,
                None if self.attributes.len() < ATTRIBUTES => self.attributes.push((name, value)),
                None => {}
            },
        }
    }
}

impl Visit for Fields {
    fn record_u128(&mut self, field: &Field, value: u128) {
        match field.name() {
            "trace.id" => self.trace = Some(value),
            _ => self.put(field, AttributeValue::Text(value.to_string())),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "span.id" => self.span = Some(value),
            "parent.id" => self.parent = Some(value),
            "began.ago" => self.ago = Duration::from_nanos(value),
            _ => self.put(
                field,
                i64::try_from(value)
                    .map_or(AttributeValue::Float(value as f64), AttributeValue::Number),
            ),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, AttributeValue::Number(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, AttributeValue::Float(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, AttributeValue::Switch(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, AttributeValue::Text(cut(value)));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, AttributeValue::Text(cut(&value.to_string())));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, AttributeValue::Text(cut(&format!("{value:?}"))));
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
