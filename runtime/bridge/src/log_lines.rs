//! Hands lines of the log to the history of runs and to the export.

use std::{sync::Arc, time::Instant};

use loom_history::{HistorySender, KeyPatterns};
use tracing::{Event, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::Targets, layer::Context, registry::LookupSpan};

use crate::{
    log_line::LogLine,
    otlp::logs::LogExport,
    spans::{SpanBudget, layer},
};

/// The lines of one second that the history gets: many lines leave room for runs.
const LINES_PER_SECOND: u32 = 200;

/// Where lines go.
#[derive(Debug)]
pub enum LogLineSink {
    /// Into the history of runs, up to a number per second.
    History(HistorySender, Arc<SpanBudget>),
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
}

/// How many lines the history gets, counted from `start`.
pub(crate) fn budget(start: Instant) -> SpanBudget {
    SpanBudget::new(LINES_PER_SECOND, start)
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
        let span = context.event_scope(event).and_then(layer::innermost);
        self.sink.take(LogLine::new(event, span, &self.patterns));
    }
}
