//! Where finished spans go.

use std::sync::Arc;

use super::{received::ReceivedSpan, record::SpanRecord, store::SpanStore};
use crate::{otlp::spans::SpanExport, runs::RunRecorder};

/// Takes finished spans: the store shows them, the export sends them on, and the history keeps them.
#[derive(Debug, Clone)]
pub struct SpanSink {
    /// The latest spans.
    pub store: Arc<SpanStore>,
    /// The export, if there is one.
    pub export: Option<SpanExport>,
    /// The history of runs, if there is one.
    pub history: Option<RunRecorder>,
    /// Whether content is kept and shown.
    pub content: bool,
}

impl SpanSink {
    /// Takes a finished span. Never waits.
    pub fn push(&self, mut record: SpanRecord) {
        self.strip_if_secret(&mut record);
        if let Some(history) = &self.history {
            history.span(&record);
        }
        self.show(record);
    }

    /// Takes a span that an agent sent. Never waits.
    pub fn take(&self, span: ReceivedSpan) {
        let ReceivedSpan { mut record, bodies } = span;
        self.strip_if_secret(&mut record);
        if let Some(export) = &self.export {
            export.send_received(&record, &bodies);
        }
        if let Some(history) = &self.history {
            history.received(&record, bodies);
        }
        self.store.push(Arc::new(record));
    }

    /// Takes a finished span that the history has already.
    pub fn show(&self, record: SpanRecord) {
        let record = Arc::new(record);
        if let Some(export) = &self.export {
            export.send(&record);
        }
        self.store.push(record);
    }

    /// A run is secret, and no span of it is recorded: what is kept of it loses its content.
    pub fn mark_secret(&self, trace_id: u128) {
        self.show_no_content(trace_id);
        if let Some(history) = &self.history {
            history.mark_secret(trace_id);
        }
    }

    /// A run is secret: nothing of its content is shown or exported from here on. The history learns it from its rows.
    pub fn show_no_content(&self, trace_id: u128) {
        self.store.mark_secret(trace_id);
        if let Some(export) = &self.export {
            export.mark_secret(trace_id);
        }
    }

    fn strip_if_secret(&self, record: &mut SpanRecord) {
        let trace_id = record.context.trace_id;
        if record.is_secret {
            self.show_no_content(trace_id);
        }
        if self.store.is_secret(trace_id) {
            record.strip();
        }
    }
}
