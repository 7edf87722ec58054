//! Rows for tests, and a history in a temporary folder.

use std::{path::PathBuf, time::Duration};

use bytes::Bytes;
use loom_history::{
    BodyKind, BodyRow, EventKind, EventRow, History, HistorySettings, Nanos, RunQuery, RunSummary,
    SpanLink, SpanOutcome, SpanRow,
};
use tempfile::TempDir;

/// A time in the present, so that nothing is too old: the second before now, in nanoseconds.
pub(crate) fn recent() -> Nanos {
    loom_history::nanos(std::time::SystemTime::now()) - 1_000_000_000
}

/// A span that took a millisecond.
pub(crate) fn span(trace_id: u128, span_id: u64) -> SpanRow {
    SpanRow {
        trace_id,
        span_id,
        name: "work".into(),
        start: recent(),
        duration: Duration::from_millis(1),
        outcome: SpanOutcome::Ok,
        ..SpanRow::default()
    }
}

/// A span that failed.
pub(crate) fn failed(trace_id: u128, span_id: u64, error: &str) -> SpanRow {
    SpanRow {
        outcome: SpanOutcome::Error,
        error: Some(error.to_owned()),
        ..span(trace_id, span_id)
    }
}

/// A body of text.
pub(crate) fn body(kind: BodyKind, content: impl Into<Vec<u8>>) -> BodyRow {
    BodyRow { kind, content_type: "".into(), content: Bytes::from(content.into()) }
}

/// A published event of a span.
pub(crate) fn published(trace_id: u128, span_id: u64, topic: &str) -> EventRow {
    EventRow {
        span: Some(SpanLink { trace_id, span_id }),
        id: format!("event-{span_id}"),
        topic: topic.to_owned(),
        ..EventRow::new(EventKind::Published, recent())
    }
}

/// A file in a temporary folder.
pub(crate) fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    (folder, path)
}

/// A history in a file, without a limit of rows that tests could meet.
pub(crate) fn settings(path: &std::path::Path) -> HistorySettings {
    HistorySettings { rows_per_second: 1_000_000, ..HistorySettings::file(path) }
}

/// The trace ids of a query, in the order of the page.
pub(crate) fn found(history: &History, query: &RunQuery) -> Vec<u128> {
    runs(history, query).iter().map(|run| run.id.0).collect()
}

/// The runs of a query.
pub(crate) fn runs(history: &History, query: &RunQuery) -> Vec<RunSummary> {
    history.flush().unwrap();
    history.reader().runs(query).unwrap().runs
}
