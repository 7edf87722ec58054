//! The side of the history that the runtime uses: it never waits.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{SyncSender, TrySendError},
    },
    time::SystemTime,
};

use bytes::Bytes;
use loom_base::LockExt as _;

use crate::{
    deferred_rows::{DeferredRows, MadeRows},
    instant::nanos,
    message::{FULL_FOR_OPENINGS, HistoryMessage, QUEUE_BODY_BYTES},
    opened_call::OpenedCall,
    row::{EventRow, LogRow, SpanLink, SpanRow},
};

/// Ends of spans, and marks of secret runs, that the queue had no room for and that are remembered.
const MISSED_SPANS: usize = 65_536;

/// Hands rows to the thread that writes the history. Cheap to clone; no call waits, locks or opens anything: what the
/// queue has no room for is counted.
#[derive(Debug, Clone)]
pub struct HistorySender {
    queue: SyncSender<HistoryMessage>,
    load: Arc<QueueLoad>,
    content: bool,
}

/// What is in the queue, and what found no room.
#[derive(Debug, Default)]
pub(crate) struct QueueLoad {
    pub(crate) messages: AtomicUsize,
    pub(crate) body_bytes: AtomicUsize,
    pub(crate) rows_missed: AtomicU64,
    pub(crate) bodies_missed: AtomicU64,
    missed_spans: Mutex<Vec<SpanLink>>,
    missed_secrets: Mutex<Vec<u128>>,
}

impl QueueLoad {
    /// The spans whose end found no room since the last call.
    pub(crate) fn take_missed_spans(&self) -> Vec<SpanLink> {
        std::mem::take(&mut self.missed_spans.locked())
    }

    /// The runs whose mark as secret found no room since the last call.
    pub(crate) fn take_missed_secrets(&self) -> Vec<u128> {
        std::mem::take(&mut self.missed_secrets.locked())
    }

    /// A message was put into the queue by other means than a sender.
    pub(crate) fn sent(&self) {
        self.messages.fetch_add(1, Ordering::Relaxed);
    }

    /// A message was taken out of the queue.
    pub(crate) fn taken(&self, message: &HistoryMessage) {
        self.messages.fetch_sub(1, Ordering::Relaxed);
        let bytes = match message {
            HistoryMessage::Closed(row) => body_bytes(row),
            HistoryMessage::Event(row) => row.payload.len(),
            HistoryMessage::Deferred { rows, .. } => rows.body_bytes(),
            _ => 0,
        };
        self.body_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Counts bytes of bodies that are about to be queued; false, and nothing is counted, if there is no room.
    fn has_room_for(&self, bytes: usize) -> bool {
        let queued = self.body_bytes.fetch_add(bytes, Ordering::Relaxed);
        let has_room = queued.saturating_add(bytes) <= QUEUE_BODY_BYTES;
        if !has_room {
            self.body_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        has_room
    }
}

fn body_bytes(row: &SpanRow) -> usize {
    row.bodies.iter().map(|body| body.content.len()).sum()
}

fn push_bounded<T>(list: &Mutex<Vec<T>>, item: T) {
    let mut list = list.locked();
    if list.len() < MISSED_SPANS {
        list.push(item);
    }
}

impl HistorySender {
    pub(crate) fn new(
        queue: SyncSender<HistoryMessage>,
        load: Arc<QueueLoad>,
        content: bool,
    ) -> Self {
        Self { queue, load, content }
    }

    /// Whether bodies are kept; without, there is no need to copy any.
    pub fn keeps_content(&self) -> bool {
        self.content
    }

    /// A span begins now. Its run does not end before the span does.
    pub fn span_opened(&self, trace_id: u128, span_id: u64) {
        self.opened(trace_id, span_id, || None);
    }

    /// A call of a tool begins now, of an agent if one is known: until it ends, its run shows both.
    pub fn call_opened(&self, trace_id: u128, span_id: u64, tool: &str, agent: Option<&str>) {
        self.opened(trace_id, span_id, || {
            Some(Box::new(OpenedCall { tool: tool.to_owned(), agent: agent.map(str::to_owned) }))
        });
    }

    fn opened(&self, trace_id: u128, span_id: u64, call: impl FnOnce() -> Option<Box<OpenedCall>>) {
        // The begin of a span is only needed for the end of its run; its end says everything else.
        if self.load.messages.load(Ordering::Relaxed) < FULL_FOR_OPENINGS {
            let span = SpanLink { trace_id, span_id };
            self.send(HistoryMessage::Opened { span, at: nanos(SystemTime::now()), call: call() });
        }
    }

    /// A span ended.
    pub fn span_closed(&self, mut row: SpanRow) {
        if !self.content || row.is_secret {
            row.bodies.clear();
        }
        if !self.load.has_room_for(body_bytes(&row)) {
            self.load.bodies_missed.fetch_add(row.bodies.len() as u64, Ordering::Relaxed);
            row.bodies.clear();
        }
        self.send(HistoryMessage::Closed(Box::new(row)));
    }

    /// A span of an event ended; the writing thread makes its rows. What keeps content in memory for which the queue has no
    /// room has its rows made at once, without content.
    pub fn deferred(&self, rows: Box<dyn DeferredRows>) {
        if self.load.has_room_for(rows.body_bytes()) {
            return self.send(HistoryMessage::Deferred { rows, with_content: self.content });
        }
        let MadeRows { event, span } = rows.rows(false);
        // A delivery has no body of its own.
        if let Some(event) = event {
            self.load.bodies_missed.fetch_add(1, Ordering::Relaxed);
            self.event(event);
        }
        self.span_closed(span);
    }

    /// Something happened to an event or an agent.
    pub fn event(&self, mut row: EventRow) {
        if !self.content || row.is_secret {
            row.payload = Bytes::new();
        }
        if !self.load.has_room_for(row.payload.len()) {
            row.payload = Bytes::new();
        }
        self.send(HistoryMessage::Event(Box::new(row)));
    }

    /// A line was logged.
    pub fn log(&self, row: LogRow) {
        self.send(HistoryMessage::Log(Box::new(row)));
    }

    /// A run is secret: it gets no content from here on, and what it has of it is deleted within a second.
    pub fn mark_secret(&self, trace_id: u128) {
        self.send(HistoryMessage::Secret(trace_id));
    }

    fn send(&self, message: HistoryMessage) {
        // Counted before it is sent: the writer may take it out at once.
        self.load.messages.fetch_add(1, Ordering::Relaxed);
        if let Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) =
            self.queue.try_send(message)
        {
            self.load.taken(&message);
            self.missed(&message);
        }
    }

    #[cold]
    fn missed(&self, message: &HistoryMessage) {
        self.load.rows_missed.fetch_add(1, Ordering::Relaxed);
        let secret = match message {
            HistoryMessage::Closed(row) => {
                self.load.bodies_missed.fetch_add(row.bodies.len() as u64, Ordering::Relaxed);
                let span = SpanLink { trace_id: row.trace_id, span_id: row.span_id };
                push_bounded(&self.load.missed_spans, span);
                row.is_secret.then_some(row.trace_id)
            }
            HistoryMessage::Deferred { rows, .. } => {
                push_bounded(&self.load.missed_spans, rows.span());
                rows.is_secret().then_some(rows.span().trace_id)
            }
            HistoryMessage::Event(row) if row.is_secret => row.span.map(|span| span.trace_id),
            HistoryMessage::Secret(trace_id) => Some(*trace_id),
            _ => None,
        };
        if let Some(trace_id) = secret {
            push_bounded(&self.load.missed_secrets, trace_id);
        }
    }
}
