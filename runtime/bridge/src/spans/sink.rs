//! Where finished spans go.

use std::sync::Arc;

use super::{record::SpanRecord, store::SpanStore};
use crate::otlp::SpanExport;

/// Takes finished spans: the store shows them, and the export sends them on.
#[derive(Debug, Clone)]
pub struct SpanSink {
    /// The latest spans.
    pub store: Arc<SpanStore>,
    /// The export, if there is one.
    pub export: Option<SpanExport>,
}

impl SpanSink {
    /// Takes a finished span. Never waits.
    pub fn push(&self, record: SpanRecord) {
        let record = Arc::new(record);
        if let Some(export) = &self.export {
            export.send(&record);
        }
        self.store.push(record);
    }
}
