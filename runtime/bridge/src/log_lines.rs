//! Lines of the log as values: for the history of runs, and for the export to a collector.

use std::{
    borrow::Cow,
    fmt,
    time::{Instant, SystemTime},
};

use loom_base::clean;
use loom_core::TraceContext;
use loom_history::{HistorySender, KeyPatterns, LogRow, SpanLink, nanos, redact_value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{Layer, filter::Targets, layer::Context, registry::LookupSpan};

use crate::{
    otlp::logs::LogExport,
    spans::{SpanBudget, layer},
};

/// The longest message, in bytes: what the history keeps.
const MAX_MESSAGE: usize = 4 << 10;
/// The longest value of a field, in bytes.
const MAX_VALUE: usize = 1 << 10;
/// The fields of a line that are kept.
const MAX_FIELDS: usize = 32;
/// The lines of one second that the history gets: many lines leave room for runs.
const LINES_PER_SECOND: u32 = 200;

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

/// Where lines go.
#[derive(Debug)]
pub enum LogLineSink {
    /// Into the history of runs, up to a number per second.
    History(HistorySender, SpanBudget),
    /// To a collector.
    Export(LogExport),
}

/// A `tracing` layer that hands lines to a sink. Never waits.
#[derive(Debug)]
pub struct LogLineLayer {
    sink: LogLineSink,
    patterns: KeyPatterns,
}

impl LogLineLayer {
    /// A layer for `sink`.
    pub fn new(sink: LogLineSink) -> Self {
        Self { sink, patterns: KeyPatterns::default() }
    }

    /// A layer for a history.
    pub fn for_history(history: HistorySender) -> Self {
        let budget = SpanBudget::new(LINES_PER_SECOND, Instant::now());
        Self::new(LogLineSink::History(history, budget))
    }
}

/// The lines that the history gets, whatever the log filter says: information and what is more severe; MCP's library logs
/// every message as information.
pub(crate) fn for_history() -> Targets {
    Targets::new().with_default(LevelFilter::INFO).with_target("rmcp", LevelFilter::WARN)
}

impl LogLineSink {
    fn accepts(&self, event: &Event<'_>) -> bool {
        match self {
            Self::Export(_) => LogExport::accepts(event.metadata()),
            Self::History(_, budget) => {
                let now = Instant::now();
                let accepts = budget.admit(now);
                if accepts {
                    budget.count(now);
                } else {
                    budget.refuse();
                }
                accepts
            }
        }
    }

    fn take(&self, line: LogLine) {
        match self {
            Self::History(history, _) => {
                if let Some(context) = line.context {
                    // The span is open: a line alone would not begin the run that it belongs to.
                    history.span_opened(context.trace_id, context.span_id);
                }
                history.log(line.into_row());
            }
            Self::Export(export) => export.send(line),
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLineLayer {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !self.sink.accepts(event) {
            return;
        }
        let mut reader = LineReader::new(&self.patterns);
        event.record(&mut reader);
        self.sink.take(LogLine {
            at: SystemTime::now(),
            level: *event.metadata().level(),
            target: event.metadata().target(),
            message: reader.message,
            fields: reader.fields,
            context: context.event_scope(event).and_then(layer::innermost),
        });
    }
}

impl LogLine {
    fn into_row(self) -> LogRow {
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
struct LineReader<'p> {
    patterns: &'p KeyPatterns,
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl<'p> LineReader<'p> {
    fn new(patterns: &'p KeyPatterns) -> Self {
        Self { patterns, message: String::new(), fields: Vec::new() }
    }

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
    match line.len() > limit {
        true => line[..line.floor_char_boundary(limit)].to_owned(),
        false => line,
    }
}

impl Visit for LineReader<'_> {
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
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// Collects what a line is made of.
    #[derive(Default, Clone)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Lines {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let patterns = KeyPatterns::default();
            let mut reader = LineReader::new(&patterns);
            event.record(&mut reader);
            let line = LogLine {
                at: SystemTime::UNIX_EPOCH,
                level: *event.metadata().level(),
                target: event.metadata().target(),
                message: reader.message,
                fields: reader.fields,
                context: Some(TraceContext { trace_id: 1, span_id: 2, sampled: true }),
            };
            let row = line.into_row();
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
