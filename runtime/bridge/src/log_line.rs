//! One line of the log as a value.

use std::{borrow::Cow, fmt, time::SystemTime};

use loom_base::clean;
use loom_core::TraceContext;
use loom_history::{KeyPatterns, LogRow, SpanLink, nanos, redact_value};
use tracing::{
    Event, Level,
    field::{Field, Visit},
};

/// The longest message, in bytes: what the history keeps.
const MAX_MESSAGE: usize = 4 << 10;
/// The longest value of a field, in bytes.
const MAX_VALUE: usize = 1 << 10;
/// The fields of a line that are kept.
const MAX_FIELDS: usize = 32;

/// A line of the log: one line of text that controls no terminal, without the values of secret keys.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// When it was written.
    pub at: SystemTime,
    /// How severe it is.
    pub level: Level,
    /// The module that wrote it.
    pub target: &'static str,
    /// The message.
    pub message: String,
    /// The fields, in their order.
    pub fields: Vec<(&'static str, String)>,
    /// The span within which it was written.
    pub context: Option<TraceContext>,
}

impl LogLine {
    /// The line of an event, without the values of keys that `patterns` match.
    pub fn new(event: &Event<'_>, context: Option<TraceContext>, patterns: &KeyPatterns) -> Self {
        let mut reader = LogLineReader { patterns, message: String::new(), fields: Vec::new() };
        event.record(&mut reader);
        Self {
            at: SystemTime::now(),
            level: *event.metadata().level(),
            target: event.metadata().target(),
            message: reader.message,
            fields: reader.fields,
            context,
        }
    }

    /// The row of the history, with the fields in its message.
    pub fn into_row(self) -> LogRow {
        let mut message = self.message;
        for (key, value) in &self.fields {
            message.push_str(&format!(" {key}={value}"));
        }
        LogRow {
            at: nanos(self.at),
            span: self.context.map(|c| SpanLink { trace_id: c.trace_id, span_id: c.span_id }),
            level: level(self.level).into(),
            target: self.target.into(),
            message,
        }
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// Reads the fields of an event.
struct LogLineReader<'p> {
    patterns: &'p KeyPatterns,
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl LogLineReader<'_> {
    fn put(&mut self, name: &'static str, value: &str) {
        if name == "message" {
            self.message = cleaned(value, MAX_MESSAGE);
        } else if self.fields.len() < MAX_FIELDS {
            let value: Cow<'_, str> = redact_value(name, value, self.patterns);
            self.fields.push((name, cleaned(&value, MAX_VALUE)));
        }
    }
}

/// The beginning of a text as one line.
fn cleaned(text: &str, limit: usize) -> String {
    let line = clean::line(&text[..text.floor_char_boundary(limit)]).into_owned();
    if line.len() > limit { line[..line.floor_char_boundary(limit)].to_owned() } else { line }
}

impl Visit for LogLineReader<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use loom_base::LockExt as _;
    use tracing::Subscriber;
    use tracing_subscriber::{
        Layer,
        layer::{Context, SubscriberExt as _},
    };

    use super::*;

    /// Collects what a line is made of.
    #[derive(Default, Clone)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Lines {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let context = TraceContext { trace_id: 1, span_id: 2, sampled: true };
            let row = LogLine::new(event, Some(context), &KeyPatterns::default()).into_row();
            assert_eq!(row.span, Some(SpanLink { trace_id: 1, span_id: 2 }));
            self.0.locked().push(format!("{} {}", row.level, row.message));
        }
    }

    #[test]
    fn a_line_is_clean_and_holds_no_secret() {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::registry().with(lines.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(agent = "a\nb\u{1b}[2J", token = "hush", count = 3, "began\nhere");
            tracing::warn!(headers = "{\"authorization\":\"hush\"}", "kept");
            tracing::error!(long = "x".repeat(2 * MAX_VALUE), "{}", "y".repeat(2 * MAX_MESSAGE));
        });
        let lines = lines.0.locked();
        let expected = "info began\\nhere agent=a\\nb\\u{1b}[2J token=*** count=3";
        assert_eq!(lines[0], expected);
        assert_eq!(lines[1], "warn kept headers={\"authorization\":\"***\"}");
        let expected = format!("error {} long={}", "y".repeat(MAX_MESSAGE), "x".repeat(MAX_VALUE));
        assert_eq!(lines[2], expected);
    }

    #[test]
    fn a_text_ends_before_a_character_that_would_be_split() {
        assert_eq!(cleaned("aää", 4), "aä");
        assert_eq!(cleaned("ab\n", 3), "ab\\");
    }
}
