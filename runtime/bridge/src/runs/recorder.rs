//! Hands rows to the history.

use std::{sync::Arc, time::SystemTime};

use loom_core::{AgentChange, CallContent, EventSpan, TraceContext};
use loom_history::{BodyRow, HistorySender};

use super::{contents::CallContents, event_rows::EndedEventSpan, rows};
use crate::spans::SpanRecord;

/// Hands rows to the history. Clones share it. Never waits.
#[derive(Debug, Clone)]
pub struct RunRecorder {
    sender: HistorySender,
    contents: Arc<CallContents>,
}

impl RunRecorder {
    /// Records into a history.
    pub fn new(sender: HistorySender) -> Self {
        Self { sender, contents: Arc::default() }
    }

    /// Records a finished span, with the contents of a call.
    pub fn span(&self, record: &SpanRecord) {
        let bodies = self.contents.take(record.context.span_id);
        let row = loom_history::SpanRow { bodies, ..rows::span(record) };
        if let Some(call) = rows::call(&row) {
            self.sender.event(call);
        }
        self.sender.span_closed(row);
    }

    /// Records a span that an agent sent.
    pub fn received(&self, record: &SpanRecord, bodies: Vec<BodyRow>) {
        self.sender.span_closed(loom_history::SpanRow { bodies, ..rows::span(record) });
    }

    /// Records a finished span of an event, and the event when it is published. The rows are made by the thread that
    /// writes: this is called for every event and delivery.
    pub fn event(&self, span: EventSpan<'_>) {
        self.sender.deferred(Box::new(EndedEventSpan::of(span)));
    }

    /// Keeps what went into a call, or came out of it, until its span ends.
    pub fn content(&self, content: CallContent<'_>) {
        let CallContent { tool, agent, .. } = content;
        let TraceContext { trace_id, span_id, .. } = content.context;
        if content.is_secret {
            self.sender.mark_secret(trace_id);
        } else if self.sender.keeps_content() {
            self.contents.keep(content);
        }
        if !content.is_output {
            // A call may take long: the run goes on until it ends.
            self.sender.call_opened(trace_id, span_id, tool, agent);
        }
    }

    /// A run is secret, and no row says so.
    pub fn mark_secret(&self, trace_id: u128) {
        self.sender.mark_secret(trace_id);
    }

    /// Records what happened to an agent.
    pub fn agent(&self, change: AgentChange, agent: &str) {
        self.sender.event(rows::agent(change, agent, SystemTime::now()));
    }
}
