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

use loom_base::error_chain;

use crate::{
    batch_writing::write_batch,
    change::{Change, ChangeBatch},
    erasing,
    error::HistoryError,
    history_row::HistoryRow,
    instant::nanos,
    intake::{Intake, IntakePolicy},
    message::{HistoryCommand, HistoryMessage},
    moment::Moment,
    pending_runs::PendingRuns,
    retention::{self, Eviction, HistoryUse},
    row_budget::RowBudget,
    search_index,
    settings::HistorySettings,
    state::HistoryState,
    store::{HistoryStore, is_damage, store_error},
    store_opening::{begin_anew, is_damaged, open_reserve},
    writing::{RowFormat, WritePosition},
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
/// The rows, and the bytes of their bodies, in one transaction.
const ROWS_PER_SLICE: usize = 1_024;
const SLICE_BYTES: usize = 4 << 20;
/// The rows that are kept while they cannot be written.
const ROWS_KEPT: usize = 8_192;
/// The pause after an attempt to write that failed.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// How long rows are removed before the queue is looked at again.
const EVICTION_TIME: Duration = Duration::from_millis(50);

/// The state of the thread.
#[derive(Debug)]
pub(crate) struct Writer {
    store: HistoryStore,
    messages: Receiver<HistoryMessage>,
    state: Arc<HistoryState>,
    intake: Intake,
    format: RowFormat,
    position: WritePosition,
    search_budget: RowBudget,
    age: Duration,
    start: Instant,
    /// What is not written yet, or could not be.
    pending: ChangeBatch,
    last_flush: Duration,
    last_tick: Duration,
    last_message: Duration,
    /// After a failure: when to try again.
    retry_at: Option<Duration>,
    /// Removal is going on: what the history takes meanwhile.
    eviction: Option<HistoryUse>,
    /// The file is damaged, and a new one could not be begun yet.
    is_damaged: bool,
    /// The log of changes holds bodies that were erased.
    must_truncate: bool,
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
        let position = store.with(|connection| positions(connection));
        let (next_run, position) =
            position.map_err(|error| store_error(store.path.as_deref(), error))?;
        Ok(Self {
            intake: Intake::new(policy, next_run),
            format: RowFormat {
                redaction: settings.redaction,
                body_bytes: settings.body_bytes.min(most_body_bytes(&store)),
            },
            position,
            search_budget: RowBudget::new(search_index::BODIES_PER_SECOND),
            age: settings.age,
            start: Instant::now(),
            pending: ChangeBatch::default(),
            last_flush: Duration::ZERO,
            last_tick: Duration::ZERO,
            last_message: Duration::ZERO,
            retry_at: None,
            eviction: None,
            is_damaged: false,
            must_truncate: false,
            has_stopped: false,
            store,
            messages,
            state,
        })
    }

    /// Writes until it is told to stop, or nobody can send any more.
    pub(crate) fn run(mut self) {
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
        self.must_truncate = true;
        self.truncate_log();
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
        let mut stored = PendingRuns { pending: &self.pending, store: &self.store };
        let row = match message {
            HistoryMessage::Opened { span, at } => {
                return self.intake.opened(span, at, now, &mut stored);
            }
            HistoryMessage::Secret(trace_id) => return self.intake.mark_secret(trace_id, now),
            HistoryMessage::Command(command) => return self.command(command),
            HistoryMessage::Closed(row) => HistoryRow::Span(row),
            HistoryMessage::Event(row) => HistoryRow::Event(row),
            HistoryMessage::Log(row) => HistoryRow::Log(row),
        };
        self.intake.row(row, now, &mut stored);
    }

    fn command(&mut self, command: HistoryCommand) {
        // Whoever asked may have gone.
        match command {
            HistoryCommand::Flush(reply) => _ = reply.send(self.flush_now()),
            HistoryCommand::Remove(trace_id, reply) => _ = reply.send(self.remove(trace_id)),
            HistoryCommand::RemoveOlder(before, reply) => {
                let removed = self.flush_now().and_then(|()| self.remove_older(before));
                _ = reply.send(removed);
            }
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
        if is_due && self.retry_at.is_none_or(|at| now.elapsed >= at) {
            self.last_flush = now.elapsed;
            _ = self.flush();
        }
        if self.must_truncate {
            self.truncate_log();
        }
        if self.eviction.is_some() {
            self.evict();
        }
    }

    /// Writes what came, and tells the outcome.
    fn flush_now(&mut self) -> Result<(), HistoryError> {
        let done = self.flush();
        self.truncate_log();
        done.map_err(|error| store_error(self.store.path.as_deref(), error))
    }

    fn flush(&mut self) -> rusqlite::Result<()> {
        self.pending.append(self.intake.take_batch());
        if self.is_damaged {
            self.replace();
        }
        let now = self.start.elapsed();
        let done = self.write_pending(now).and_then(|()| self.index(now));
        match &done {
            Ok(()) if self.retry_at.take().is_some() => {
                self.state.update(|figures| figures.error = None);
            }
            Ok(()) => {}
            Err(error) => self.failed(error, now),
        }
        done
    }

    /// Writes all that waits, slice by slice; a slice for which there is no room is tried again after rows were removed.
    fn write_pending(&mut self, now: Duration) -> rusqlite::Result<()> {
        let slice_bytes = usize::try_from(self.store.page_limit / 32).unwrap_or(usize::MAX);
        let slice_bytes = slice_bytes.min(SLICE_BYTES);
        while !self.pending.is_empty() {
            let slice = self.pending.take_slice(ROWS_PER_SLICE, slice_bytes);
            let mut written = self.write(&slice, now);
            for room in [4, 2, 1].map(|part| self.store.page_limit / 16 / part * 4) {
                if !written.as_ref().is_err_and(is_full) || !self.make_room(room) {
                    break;
                }
                written = self.write(&slice, now);
            }
            if let Err(error) = written {
                self.pending.put_back(slice);
                return Err(error);
            }
        }
        Ok(())
    }

    fn write(&mut self, slice: &ChangeBatch, now: Duration) -> rusqlite::Result<()> {
        self.position.may_index = self.search_budget.left(now);
        self.position.indexed = 0;
        let (format, position) = (&self.format, &mut self.position);
        let written =
            self.store.with(|connection| write_batch(connection, slice, format, position))?;
        self.must_truncate |= written.has_erased;
        _ = self.search_budget.take(self.position.indexed, now);
        let pending = self.pending.changes.len() as u64;
        self.state.update(|figures| {
            figures.rows_written += written.rows;
            figures.pending = pending;
        });
        Ok(())
    }

    /// Removes rows until so many bytes have room. Returns false if there is room already: then the disk is full.
    fn make_room(&mut self, bytes: u64) -> bool {
        let mut usage = HistoryUse::default();
        let mut has_removed = false;
        while let Ok(true) = self.remove_some(&mut usage, bytes) {
            has_removed = true;
        }
        has_removed
    }

    /// Indexes bodies that wait, while this second has room for them.
    fn index(&mut self, now: Duration) -> rusqlite::Result<()> {
        let left = self.search_budget.left(now);
        if left == 0 {
            return Ok(());
        }
        let indexed = self.store.with(|connection| {
            let transaction = connection.transaction()?;
            let indexed = search_index::add_waiting(&transaction, left)?;
            transaction.commit()?;
            Ok(indexed)
        });
        indexed.map(|indexed| _ = self.search_budget.take(indexed, now))
    }

    /// The history could not be written: that costs rows once too many wait, and never an event.
    fn failed(&mut self, error: &rusqlite::Error, now: Duration) {
        self.retry_at = Some(now + RETRY_INTERVAL);
        self.is_damaged |= is_damage(error);
        let excess = self.pending.changes.len().saturating_sub(ROWS_KEPT);
        let mut lost = 0;
        for change in
            self.pending.changes.drain(..excess).filter(|c| !matches!(c, Change::Erase(_)))
        {
            lost += 1;
            if let Some(run) = change.run().and_then(|run| self.pending.runs.get_mut(&run)) {
                run.totals.is_partial = true;
            }
        }
        // Runs that are open tell their state again with their next row.
        while self.pending.runs.len() > ROWS_KEPT {
            self.pending.runs.pop_first();
        }
        let pending = self.pending.changes.len() as u64;
        self.state.update(|figures| {
            figures.rows_failed += lost;
            figures.pending = pending;
            figures.error = Some(error_chain(error));
        });
    }

    /// Begins a new file in place of a damaged one.
    fn replace(&mut self) {
        match begin_anew(&self.store) {
            Ok(()) => {
                self.is_damaged = false;
                self.state.next_generation();
            }
            Err(error) => {
                self.state.update(|figures| figures.error = Some(error_chain(&error)));
            }
        }
    }

    /// Empties the log of changes, which holds what was erased until then. A reader may keep it from that for a moment.
    fn truncate_log(&mut self) {
        if !self.must_truncate {
            return;
        }
        let is_busy = self.store.with(|connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, bool>(0))
        });
        self.must_truncate = is_busy.unwrap_or(true) && self.store.path.is_some();
    }

    fn every_second(&mut self, now: Moment) {
        if self.state.take_suspicion() && self.store.path.is_some() {
            self.is_damaged |= self.store.with(|connection| is_damaged(connection));
        }
        let limit = self.store.page_limit;
        let before = now.wall.saturating_sub(crate::instant::duration_to_nanos(self.age));
        let measured = self.store.with(|connection| {
            let older = retention::remove_older(connection, before)?;
            retention::give_back(connection, limit)?;
            let usage = HistoryUse {
                used: retention::used_bytes(connection)?,
                limit,
                ..Default::default()
            };
            let sql = "SELECT started FROM runs ORDER BY id LIMIT 1";
            let oldest =
                rusqlite::OptionalExtension::optional(
                    connection.query_row(sql, (), |row| row.get::<_, i64>(0)),
                )?;
            Ok::<_, rusqlite::Error>((older, usage, oldest, search_index::backlog(connection)?))
        });
        let counts = self.intake.counts;
        let bytes = self.store.bytes();
        if let Ok((older, usage, oldest, backlog)) = measured {
            if usage.is_full() {
                self.eviction.get_or_insert_default();
            }
            self.state.update(|figures| {
                figures.runs_evicted += older.runs;
                figures.oldest_ms = oldest.map(|at| at / 1_000_000);
                figures.search_backlog = backlog;
            });
        }
        self.state.update(|figures| {
            figures.rows_left_out = counts.rows_left_out;
            figures.runs_left_out = counts.runs_left_out;
            figures.runs_promoted = counts.runs_promoted;
            figures.bytes = bytes;
            figures.cpu = cpu_time();
        });
    }

    /// Removes rows for a moment, until there is room.
    fn evict(&mut self) {
        let begun = Instant::now();
        let Some(mut usage) = self.eviction.take() else { return };
        while let Ok(true) = self.remove_some(&mut usage, 0) {
            if begun.elapsed() >= EVICTION_TIME {
                self.eviction = Some(usage);
                return;
            }
        }
    }

    /// Removes a few rows. Returns false if so many bytes have room, or nothing is left to be removed.
    fn remove_some(&mut self, usage: &mut HistoryUse, bytes: u64) -> rusqlite::Result<bool> {
        let limit = self.store.page_limit;
        if usage.is_unmeasured() {
            *usage = self.store.with(|connection| retention::measure(connection, limit))?;
        }
        usage.used = self.store.with(|connection| retention::used_bytes(connection))?;
        if usage.has_room_for(bytes) {
            return Ok(false);
        }
        let next = usage.next_eviction();
        open_reserve(&self.store, true)?;
        let removed = self.store.with(|connection| retention::evict(connection, next));
        open_reserve(&self.store, false)?;
        let removed = removed?;
        usage.subtract(next, &removed);
        self.state.update(|figures| figures.runs_evicted += removed.runs);
        Ok(!removed.is_nothing() || next != Eviction::LooseRows)
    }

    fn remove(&mut self, trace_id: u128) -> Result<bool, HistoryError> {
        self.intake.forget(trace_id);
        self.pending.remove(trace_id);
        self.flush_now()?;
        let removed = self.store.with(|connection| {
            let Some(run) = erasing::number_of(connection, trace_id)? else { return Ok(false) };
            let transaction = connection.transaction()?;
            erasing::remove_run(&transaction, run)?;
            transaction.commit()?;
            Ok(true)
        });
        self.removed(removed)
    }

    fn remove_older(&mut self, before: i64) -> Result<u64, HistoryError> {
        let removed = self.store.with(|connection| {
            let mut runs = 0;
            loop {
                let step = retention::remove_older(connection, before)?;
                runs += step.runs;
                if step.is_nothing() {
                    return Ok(runs);
                }
            }
        });
        self.removed(removed)
    }

    fn clear(&mut self) -> Result<(), HistoryError> {
        self.intake.clear();
        self.pending = ChangeBatch::default();
        self.eviction = None;
        let cleared = self.store.with(erasing::clear);
        self.removed(cleared)
    }

    /// Gives the room of what the user removed back to the disk, and empties the log of changes.
    fn removed<T>(&mut self, removed: rusqlite::Result<T>) -> Result<T, HistoryError> {
        let removed = removed.and_then(|removed| {
            self.store.with(|connection| {
                let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
                let mut rows = vacuum.query(())?;
                while rows.next()?.is_some() {}
                Ok(removed)
            })
        });
        self.must_truncate = true;
        self.truncate_log();
        removed.map_err(|error| store_error(self.store.path.as_deref(), error))
    }
}

/// The longest body that does not fill a small history alone.
fn most_body_bytes(store: &HistoryStore) -> usize {
    usize::try_from(store.page_limit / 64).unwrap_or(usize::MAX)
}

/// Whether the database or the disk is full.
fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

/// The number of the next run, and the keys of the next rows.
fn positions(connection: &rusqlite::Connection) -> rusqlite::Result<(i64, WritePosition)> {
    let next = |table: &str| {
        let sql = format!("SELECT coalesce(max(id), 0) + 1 FROM {table}");
        connection.query_row(&sql, (), |row| row.get::<_, i64>(0))
    };
    let position =
        WritePosition { event: next("events")?, log: next("logs")?, ..Default::default() };
    Ok((next("runs")?, position))
}

/// The CPU time of this thread.
#[cfg(target_os = "linux")]
fn cpu_time() -> Option<Duration> {
    // utime and stime are the 14th and 15th field of the line, counted from the end of the name in parentheses.
    let stat = std::fs::read_to_string("/proc/thread-self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// The CPU time of this thread.
#[cfg(not(target_os = "linux"))]
fn cpu_time() -> Option<Duration> {
    None
}
