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
}

impl SpanSink {
    /// Takes a finished span. Never waits.
    pub fn push(&self, record: SpanRecord) {
        if let Some(history) = &self.history {
            history.span(&record);
        }
        self.show(record);
    }

    /// Takes a span that an agent sent. Never waits.
    pub fn take(&self, span: ReceivedSpan) {
        let ReceivedSpan { record, bodies, is_secret } = span;
        if let Some(export) = &self.export {
            if is_secret {
                export.mark_secret(record.context.trace_id);
            }
            export.send_received(&record, &bodies);
        }
        if let Some(history) = &self.history {
            history.received(&record, bodies, is_secret);
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
}
