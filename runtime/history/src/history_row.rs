//! A row of any kind, and how much memory it takes.

use loom_base::secret_run::SECRET_ERROR;

use crate::{
    harmless_attributes::holds_no_content,
    row::{EventRow, LogRow, SpanOutcome, SpanRow},
};

/// One row of the runtime.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum HistoryRow {
    Span(Box<SpanRow>),
    Event(Box<EventRow>),
    Log(Box<LogRow>),
}

impl HistoryRow {
    /// The run that it belongs to.
    pub(crate) fn trace_id(&self) -> Option<u128> {
        match self {
            Self::Span(row) => Some(row.trace_id),
            Self::Event(row) => row.span.map(|span| span.trace_id),
            Self::Log(row) => row.span.map(|span| span.trace_id),
        }
    }

    /// Whether it marks its run secret.
    pub(crate) fn is_secret(&self) -> bool {
        match self {
            Self::Span(row) => row.is_secret,
            Self::Event(row) => row.is_secret,
            Self::Log(_) => false,
        }
    }

    /// Whether it is a failed span, for which a run is kept that was left out.
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, Self::Span(row) if row.outcome == SpanOutcome::Error)
    }

    /// Removes content: bodies, payloads, error messages, and attributes that may hold any.
    pub(crate) fn strip(&mut self) {
        match self {
            Self::Span(row) => strip_span(row),
            Self::Event(row) => row.payload = bytes::Bytes::new(),
            Self::Log(_) => {}
        }
    }

    /// The bytes of memory that it takes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        const PAIR: usize = 48;
        match self {
            Self::Span(row) => {
                let texts = [
                    &row.error,
                    &row.error_type,
                    &row.agent,
                    &row.topic,
                    &row.tool,
                    &row.model,
                    &row.provider,
                    &row.finish_reason,
                    &row.correlation_id,
                    &row.conversation,
                ];
                let texts: usize = texts.into_iter().flatten().map(String::len).sum();
                let attributes: usize =
                    row.attributes.iter().map(|(key, value)| PAIR + key.len() + value.len()).sum();
                let bodies: usize = row.bodies.iter().map(|body| 64 + body.content.len()).sum();
                size_of::<SpanRow>() + texts + attributes + bodies + 32 * row.links.len()
            }
            Self::Event(row) => {
                let metadata: usize =
                    row.metadata.iter().map(|(key, value)| PAIR + key.len() + value.len()).sum();
                let texts = row.id.len() + row.event_type.len() + row.topic.len();
                size_of::<EventRow>() + texts + metadata + row.payload.len()
            }
            Self::Log(row) => size_of::<LogRow>() + row.message.len(),
        }
    }
}

/// Removes the content of a span.
pub(crate) fn strip_span(row: &mut SpanRow) {
    row.bodies.clear();
    row.error = row.error.take().map(|_| SECRET_ERROR.to_owned());
    row.attributes.retain(|(key, _)| holds_no_content(key));
}
