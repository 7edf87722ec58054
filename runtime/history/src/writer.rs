//! The thread that writes a history: it takes rows from the queue, lets the intake decide, and writes batches.
//!
//! It does not wait at the queue while rows come: waking a thread costs its waker a system call, and that is the hot path.
//! It looks every [`PAUSE`], and waits at the queue only after a second in which nothing came.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    change::ChangeBatch,
    deferred_rows::MadeRows,
    disk_writer::DiskWriter,
    error::HistoryError,
    history_row::HistoryRow,
    instant::{duration_to_nanos, nanos},
    intake::Intake,
    intake_policy::IntakePolicy,
    message::{HistoryCommand, HistoryMessage},
    moment::Moment,
    pending_runs::PendingRuns,
    retention::HistoryUse,
    room::remove_some,
    settings::HistorySettings,
    state::HistoryState,
    store::{HistoryStore, store_error},
    store_opening::is_damaged,
    upkeep::{cpu_time, upkeep, yield_to_others},
    user_removal,
    writing::{RowFormat, positions},
};

/// The pause between two looks into the queue.
const PAUSE: Duration = Duration::from_millis(25);
/// The longest wait at an empty queue.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// What is written at the latest so long after it was accepted.
const FLUSH_INTERVAL: Duration = Duration::from_millis(250);
/// The messages that are taken before the other work.
const MESSAGES_PER_LOOK: usize = 4_096;
/// The rows of a batch, from which on it is written at once.
const ROWS_PER_BATCH: usize = 2_000;
/// How long rows are removed before the queue is looked at again.
const EVICTION_TIME: Duration = Duration::from_millis(50);

/// The state of the thread.
#[derive(Debug)]
pub(crate) struct Writer {
    disk: DiskWriter,
    messages: Receiver<HistoryMessage>,
    state: Arc<HistoryState>,
    intake: Intake,
    age: Duration,
    start: Instant,
    last_flush: Duration,
    last_tick: Duration,
    last_message: Duration,
    /// Removal is going on: what the history takes meanwhile.
    eviction: Option<HistoryUse>,
    has_stopped: bool,
}

impl Writer {
    pub(crate) fn new(
        settings: HistorySettings,
        store: HistoryStore,
        messages: Receiver<HistoryMessage>,
        state: Arc<HistoryState>,
    ) -> Result<Self, HistoryError> {
        let policy = IntakePolicy::new(settings.rows_per_second, settings.prices);
        let positions = store.with(|connection| positions(connection));
        let (next_run, position) =
            positions.map_err(|error| store_error(store.path.as_deref(), error))?;
        // A body must not fill a small history alone.
        let most = usize::try_from(store.page_limit / 64).unwrap_or(usize::MAX);
        let body_bytes = settings.body_bytes.min(most);
        let format = RowFormat { redaction: settings.redaction, body_bytes };
        Ok(Self {
            disk: DiskWriter::new(store, Arc::clone(&state), format, position),
            intake: Intake::new(policy, next_run),
            age: settings.age,
            start: Instant::now(),
            last_flush: Duration::ZERO,
            last_tick: Duration::ZERO,
            last_message: Duration::ZERO,
            eviction: None,
            has_stopped: false,
            messages,
            state,
        })
    }

    /// Writes until it is told to stop, or the last sender is dropped.
    pub(crate) fn run(mut self) {
        yield_to_others();
        while !self.has_stopped {
            let now = self.now();
            let taken = self.take_messages();
            if taken > 0 {
                self.last_message = now.elapsed;
            }
            self.work(self.now());
            if taken < MESSAGES_PER_LOOK && !self.has_stopped {
                self.wait(now.elapsed);
            }
        }
        self.intake.finish();
        _ = self.flush();
        // What a reader of another process has open keeps SQLite from removing the log; an empty one means a clean end.
        self.disk.must_truncate_log();
    }

    fn now(&self) -> Moment {
        Moment { elapsed: self.start.elapsed(), wall: nanos(SystemTime::now()) }
    }

    fn wait(&mut self, now: Duration) {
        let is_idle = now.saturating_sub(self.last_message) > Duration::from_secs(1)
            && self.eviction.is_none()
            && self.intake.pending() == 0;
        if !is_idle {
            thread::sleep(PAUSE);
            return;
        }
        match self.messages.recv_timeout(LONGEST_WAIT) {
            Ok(message) => {
                self.last_message = now;
                self.message(message);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.has_stopped = true,
        }
    }

    fn take_messages(&mut self) -> usize {
        let mut taken = 0;
        while taken < MESSAGES_PER_LOOK && self.intake.pending() < ROWS_PER_BATCH {
            let Ok(message) = self.messages.try_recv() else { break };
            taken += 1;
            self.message(message);
        }
        for span in self.state.load.take_missed_spans() {
            self.intake.missed(span);
        }
        for trace_id in self.state.load.take_missed_secrets() {
            self.intake.mark_secret(trace_id, self.now());
        }
        taken
    }

    fn message(&mut self, message: HistoryMessage) {
        self.state.load.taken(&message);
        let now = self.now();
        let mut stored = PendingRuns {
            pending: &self.disk.pending,
            numbers: &self.disk.pending_runs,
            store: &self.disk.store,
        };
        let row = match message {
            HistoryMessage::Opened { span, at, call } => {
                self.intake.opened(span, at, now, &mut stored);
                if let Some(call) = call {
                    self.intake.call_opened(span.trace_id, &call, at);
                }
                return;
            }
            HistoryMessage::Secret(trace_id) => return self.intake.mark_secret(trace_id, now),
            HistoryMessage::Command(command) => return self.command(command),
            HistoryMessage::Closed(row) => HistoryRow::Span(row),
            HistoryMessage::Event(row) => HistoryRow::Event(row),
            HistoryMessage::Log(row) => HistoryRow::Log(row),
            HistoryMessage::Deferred { rows, with_content } => {
                let MadeRows { event, span } = rows.rows(with_content);
                if let Some(event) = event {
                    self.intake.row(HistoryRow::Event(Box::new(event)), now, &mut stored);
                }
                HistoryRow::Span(Box::new(span))
            }
        };
        self.intake.row(row, now, &mut stored);
    }

    fn command(&mut self, command: HistoryCommand) {
        // Whoever asked may have gone.
        match command {
            HistoryCommand::Flush(reply) => _ = reply.send(self.flush()),
            HistoryCommand::Remove(trace_id, reply) => _ = reply.send(self.remove(trace_id)),
            HistoryCommand::RemoveOlder(before, reply) => _ = reply.send(self.remove_older(before)),
            HistoryCommand::Clear(reply) => _ = reply.send(self.clear()),
            HistoryCommand::Stop => self.has_stopped = true,
        }
    }

    /// Everything but taking messages.
    fn work(&mut self, now: Moment) {
        if now.elapsed.saturating_sub(self.last_tick) >= Duration::from_secs(1) {
            self.last_tick = now.elapsed;
            self.intake.tick(now);
            self.every_second(now);
        }
        let is_due = now.elapsed.saturating_sub(self.last_flush) >= FLUSH_INTERVAL
            || self.intake.pending() >= ROWS_PER_BATCH;
        if is_due {
            self.last_flush = now.elapsed;
            if self.disk.is_ready(now.elapsed) {
                _ = self.flush();
            } else {
                let batch = self.intake.take_batch();
                self.disk.keep(batch);
            }
        }
        self.disk.truncate_log();
        self.evict();
    }

    /// Writes what came.
    fn flush(&mut self) -> Result<(), HistoryError> {
        self.disk.pending.append(self.intake.take_batch());
        let (has_begun_anew, done) = self.disk.flush(self.start.elapsed());
        if has_begun_anew {
            self.intake.lose_earlier_rows();
        }
        done
    }

    fn every_second(&mut self, now: Moment) {
        if self.disk.has_lost_file() {
            // What is read from the remains is of no use.
            _ = self.flush();
            return;
        }
        if self.state.take_suspicion() && self.disk.store.path.is_some() {
            let store = &self.disk.store;
            if store.with(|connection| is_damaged(connection)) {
                self.disk.is_damaged();
            }
        }
        let before = now.wall.saturating_sub(duration_to_nanos(self.age));
        let looked = upkeep(&self.disk.store, before);
        if let Ok(outcome) = self.disk.told(looked) {
            if outcome.is_full {
                self.eviction.get_or_insert_default();
            }
            self.state.update(|figures| {
                figures.runs_evicted += outcome.removed;
                figures.oldest_ms = outcome.oldest.map(|at| at / 1_000_000);
                figures.search_backlog = outcome.backlog;
            });
        }
        let counts = self.intake.counts;
        let bytes = self.disk.store.bytes();
        self.state.update(|figures| {
            figures.rows_left_out = counts.rows_left_out;
            figures.runs_left_out = counts.runs_left_out;
            figures.runs_promoted = counts.runs_promoted;
            figures.bytes = bytes;
            figures.cpu = cpu_time();
        });
    }

    /// Removes rows for a moment, until there is room, if that is going on.
    fn evict(&mut self) {
        let Some(mut usage) = self.eviction.take() else { return };
        let begun = Instant::now();
        loop {
            let removed = remove_some(&self.disk.store, &mut usage, 0);
            let Ok(Some(runs)) = self.disk.told(removed) else { return };
            self.state.update(|figures| figures.runs_evicted += runs);
            if begun.elapsed() >= EVICTION_TIME {
                self.eviction = Some(usage);
                return;
            }
        }
    }

    fn remove(&mut self, trace_id: u128) -> Result<bool, HistoryError> {
        self.intake.forget(trace_id);
        self.disk.pending.remove(trace_id);
        self.flush()?;
        let removed = user_removal::remove_run(&self.disk.store, trace_id);
        self.removed(removed)
    }

    fn remove_older(&mut self, before: i64) -> Result<u64, HistoryError> {
        self.flush()?;
        let removed = user_removal::remove_older(&self.disk.store, before);
        self.removed(removed)
    }

    fn clear(&mut self) -> Result<(), HistoryError> {
        self.intake.clear();
        self.disk.pending = ChangeBatch::default();
        self.eviction = None;
        let cleared = user_removal::clear(&self.disk.store);
        self.removed(cleared)
    }

    fn removed<T>(&mut self, removed: rusqlite::Result<T>) -> Result<T, HistoryError> {
        self.disk.must_truncate_log();
        self.disk.told(removed)
    }
}
