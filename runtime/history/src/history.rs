//! A history that is written: its thread, its senders and its readers.

use std::{
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

use crate::{
    error::{FallbackReason, HistoryError},
    health::HistoryHealth,
    instant::nanos,
    message::{HistoryCommand, HistoryMessage, QUEUE_LENGTH, Reply},
    reader::HistoryReader,
    run_id::RunId,
    sender::{HistorySender, QueueLoad},
    settings::HistorySettings,
    state::HistoryState,
    store_opening::open_store,
    writer::Writer,
};

/// A history that this process writes. Dropping it writes what was accepted.
///
/// # Examples
/// ```
/// use loom_history::{History, HistorySettings, RunQuery, SpanRow};
///
/// let history = History::open(HistorySettings::memory())?;
/// history.sender().span_closed(SpanRow {
///     trace_id: 0xab,
///     span_id: 1,
///     name: "tool.call".into(),
///     ..SpanRow::default()
/// });
/// history.flush()?;
/// let page = history.reader().runs(&RunQuery::default())?;
/// assert_eq!(page.runs[0].id.0, 0xab);
/// # Ok::<(), loom_history::HistoryError>(())
/// ```
#[derive(Debug)]
pub struct History {
    sender: HistorySender,
    reader: HistoryReader,
    state: Arc<HistoryState>,
    commands: mpsc::SyncSender<HistoryMessage>,
    writer: Option<JoinHandle<()>>,
    fallback: Option<FallbackReason>,
}

impl History {
    /// Opens or creates a history. Where the file cannot be used the history is in memory, and [`History::fallback`] says
    /// why; a damaged file is renamed and a new one begun.
    ///
    /// # Errors
    /// If not even a history in memory can be opened, or no thread started.
    pub fn open(settings: HistorySettings) -> Result<Self, HistoryError> {
        let (store, fallback) = open_store(&settings)?;
        let (queue, messages) = mpsc::sync_channel(QUEUE_LENGTH);
        let load = Arc::new(QueueLoad::default());
        let sender = HistorySender::new(queue.clone(), Arc::clone(&load), settings.content);
        let state = Arc::new(HistoryState::new(&settings, &store, fallback.as_ref(), load));
        let reader = HistoryReader::of_writer(&store, Arc::clone(&state));
        let writer = Writer::new(settings, store, messages, Arc::clone(&state))?;
        let writer = thread::Builder::new().name("history".to_owned()).spawn(move || writer.run());
        let writer = Some(writer.map_err(|source| HistoryError::Thread { source })?);
        Ok(Self { sender, reader, state, commands: queue, writer, fallback })
    }

    /// A sender of rows.
    pub fn sender(&self) -> HistorySender {
        self.sender.clone()
    }

    /// A reader, which blocks: not to be used on a thread that must not wait.
    pub fn reader(&self) -> HistoryReader {
        self.reader.clone()
    }

    /// Why the history is not in the file that was asked for, or why that was begun anew.
    pub fn fallback(&self) -> Option<&FallbackReason> {
        self.fallback.as_ref()
    }

    /// How the writing goes.
    pub fn health(&self) -> HistoryHealth {
        self.state.health()
    }

    /// Waits until everything that was accepted before is written.
    ///
    /// # Errors
    /// If the writing failed, for instance because the disk is full.
    pub fn flush(&self) -> Result<(), HistoryError> {
        self.ask(HistoryCommand::Flush)
    }

    /// Removes a run. Returns whether there was one.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn remove(&self, run: RunId) -> Result<bool, HistoryError> {
        self.ask(|reply| HistoryCommand::Remove(run.0, reply))
    }

    /// Removes the runs, events and log lines that are older. Returns the number of runs.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn remove_older_than(&self, age: Duration) -> Result<u64, HistoryError> {
        let before = SystemTime::now().checked_sub(age).map(nanos).unwrap_or_default();
        self.ask(|reply| HistoryCommand::RemoveOlder(before, reply))
    }

    /// Removes everything.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn clear(&self) -> Result<(), HistoryError> {
        self.ask(HistoryCommand::Clear)
    }

    fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> HistoryCommand) -> Result<T, HistoryError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.state.load.sent();
        let sent = self.commands.send(HistoryMessage::Command(command(reply)));
        sent.map_err(|_| HistoryError::Closed)?;
        answer.recv().map_err(|_| HistoryError::Closed)?
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.reader.close_idle();
        self.state.load.sent();
        // Where the thread has ended, there is nothing to stop.
        _ = self.commands.send(HistoryMessage::Command(HistoryCommand::Stop));
        if let Some(writer) = self.writer.take() {
            _ = writer.join();
        }
    }
}
