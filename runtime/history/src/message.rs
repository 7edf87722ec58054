//! What the queue between the runtime and the writer holds.

use std::sync::mpsc::SyncSender;

use crate::{
    deferred_rows::DeferredRows,
    error::HistoryError,
    opened_call::OpenedCall,
    row::{EventRow, LogRow, Nanos, SpanLink, SpanRow},
};

/// The messages that the queue holds.
pub(crate) const QUEUE_LENGTH: usize = 32_768;
/// From this length on, the begins of spans are left out: their ends matter more.
pub(crate) const FULL_FOR_OPENINGS: usize = QUEUE_LENGTH / 2;
/// The bytes of bodies that the queue holds.
pub(crate) const QUEUE_BODY_BYTES: usize = 32 << 20;

/// One message of the runtime. Rows are boxed, so that the queue itself is small.
#[derive(Debug)]
pub(crate) enum HistoryMessage {
    /// A span began.
    Opened { span: SpanLink, at: Nanos, call: Option<Box<OpenedCall>> },
    /// A span ended.
    Closed(Box<SpanRow>),
    /// Something happened to an event or an agent.
    Event(Box<EventRow>),
    /// A span ended whose rows are not made yet.
    Deferred { rows: Box<dyn DeferredRows>, with_content: bool },
    /// A line was logged.
    Log(Box<LogRow>),
    /// A run is secret.
    Secret(u128),
    /// What waits for an answer.
    Command(HistoryCommand),
}

/// The answer to a command.
pub(crate) type Reply<T> = SyncSender<Result<T, HistoryError>>;

/// A request that is answered when it is done.
#[derive(Debug)]
pub(crate) enum HistoryCommand {
    /// Write what came before.
    Flush(Reply<()>),
    /// Remove a run; whether there was one.
    Remove(u128, Reply<bool>),
    /// Remove the runs that ended before a time; how many there were.
    RemoveOlder(Nanos, Reply<u64>),
    /// Remove everything.
    Clear(Reply<()>),
    /// Write what came before, and end.
    Stop,
}
