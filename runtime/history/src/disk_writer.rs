//! Writes batches to the store, in slices, and keeps what cannot be written for a while.

use std::{collections::HashMap, sync::Arc, time::Duration};

use loom_base::error_chain;

use crate::{
    batch_writing::write_batch,
    change::{ChangeBatch, RunNumber},
    error::HistoryError,
    file_watch::{FileLoss, FileWatch},
    new_begin::begin_anew,
    room::make_room,
    row_budget::RowBudget,
    search_index,
    state::HistoryState,
    store::{HistoryStore, is_damage, store_error},
    writing::{RowFormat, WritePosition},
};

/// The rows, and the bytes of their bodies, in one transaction.
const ROWS_PER_SLICE: usize = 1_024;
const SLICE_BYTES: usize = 4 << 20;
/// The rows that are kept while they cannot be written.
const ROWS_KEPT: usize = 8_192;
/// The pause after an attempt to write that failed.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// The store with what waits to be written to it.
#[derive(Debug)]
pub(crate) struct DiskWriter {
    pub(crate) store: HistoryStore,
    pub(crate) pending: ChangeBatch,
    /// The runs of what could not be written, by their trace.
    pub(crate) pending_runs: HashMap<u128, RunNumber>,
    state: Arc<HistoryState>,
    format: RowFormat,
    position: WritePosition,
    search_budget: RowBudget,
    /// After a failure: when to try again.
    retry_at: Option<Duration>,
    watch: FileWatch,
    /// What became of the file, while a new one could not be begun yet.
    loss: Option<FileLoss>,
    /// The log tells that the history cannot be written.
    is_failure_logged: bool,
    /// The log of changes holds bodies that were erased.
    must_truncate: bool,
}

impl DiskWriter {
    pub(crate) fn new(
        store: HistoryStore,
        state: Arc<HistoryState>,
        format: RowFormat,
        position: WritePosition,
    ) -> Self {
        Self {
            watch: FileWatch::of(&store),
            store,
            pending: ChangeBatch::default(),
            pending_runs: HashMap::new(),
            state,
            format,
            position,
            search_budget: RowBudget::new(search_index::BODIES_PER_SECOND),
            retry_at: None,
            loss: None,
            is_failure_logged: false,
            must_truncate: false,
        }
    }

    /// Whether it may write now, or waits after a failure.
    pub(crate) fn is_ready(&self, now: Duration) -> bool {
        self.retry_at.is_none_or(|at| now >= at)
    }

    /// The file is damaged: a new one is begun with the next flush.
    pub(crate) fn is_damaged(&mut self) {
        self.loss.get_or_insert(FileLoss::Damaged);
    }

    /// Looks whether the file is no longer the one that is written.
    pub(crate) fn has_lost_file(&mut self) -> bool {
        if self.loss.is_none() {
            self.loss = self.watch.look(&self.store);
        }
        self.loss.is_some()
    }

    /// Writes what waits. Returns whether a new file was begun.
    pub(crate) fn flush(&mut self, now: Duration) -> (bool, Result<(), HistoryError>) {
        // What is appended to a log that was cut makes it as long as before.
        let has_begun_anew =
            if self.pending.is_empty() { self.loss.is_some() } else { self.has_lost_file() };
        if let Some(loss) = self.loss
            && let Err(error) = self.replace(loss)
        {
            self.failed(&error, now);
            return (false, Err(error));
        }
        let done = self.write_pending(now).and_then(|()| self.index(now));
        match &done {
            Ok(()) if self.retry_at.take().is_some() => self.succeeded(),
            Ok(()) => {}
            Err(error) => self.failed(error, now),
        }
        self.truncate_log();
        (has_begun_anew, self.told(done))
    }

    /// An error of the store with the name of its file; damage is seen to.
    pub(crate) fn told<T>(&mut self, done: rusqlite::Result<T>) -> Result<T, HistoryError> {
        done.map_err(|error| {
            if is_damage(&error) {
                self.is_damaged();
            }
            store_error(self.store.path.as_deref(), error)
        })
    }

    /// Writes all that waits, slice by slice; a slice for which there is no room is tried again after rows were removed.
    fn write_pending(&mut self, now: Duration) -> rusqlite::Result<()> {
        let slice_bytes = usize::try_from(self.store.page_limit / 32).unwrap_or(usize::MAX);
        let slice_bytes = slice_bytes.min(SLICE_BYTES);
        while !self.pending.is_empty() {
            let slice = self.pending.take_slice(ROWS_PER_SLICE, slice_bytes);
            let mut written = self.write(&slice, now);
            // A slice may take more than the room that is always kept.
            for part in [16, 8, 4] {
                if !written.as_ref().is_err_and(is_full) {
                    break;
                }
                let Some(runs) = make_room(&self.store, self.store.page_limit / part) else {
                    break;
                };
                self.state.update(|figures| figures.runs_evicted += runs);
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
    fn failed(&mut self, error: &dyn std::error::Error, now: Duration) {
        self.retry_at = Some(now + RETRY_INTERVAL);
        self.drop_oldest();
        let because = error_chain(error);
        if !std::mem::replace(&mut self.is_failure_logged, true) {
            tracing::warn!(because, "the history of runs cannot be written; the latest rows wait");
        }
        self.state.update(|figures| figures.error = Some(because));
    }

    /// The history was written, after failures.
    fn succeeded(&mut self) {
        self.pending_runs.clear();
        let failed = self.state.update(|figures| {
            figures.error = None;
            figures.rows_failed
        });
        if std::mem::take(&mut self.is_failure_logged) {
            tracing::info!(rows_failed = failed, "the history of runs is written again");
        }
    }

    /// Keeps changes until it may write again; of too many the newest.
    pub(crate) fn keep(&mut self, batch: ChangeBatch) {
        self.pending.append(batch);
        self.drop_oldest();
    }

    fn drop_oldest(&mut self) {
        let lost = self.pending.drop_oldest(ROWS_KEPT);
        let runs = self.pending.runs.values();
        self.pending_runs = runs.map(|run| (run.trace_id, run.number)).collect();
        let pending = self.pending.changes.len() as u64;
        self.state.update(|figures| {
            figures.rows_failed += lost;
            figures.pending = pending;
        });
    }

    /// Begins a new file in place of a lost one, and tells so.
    fn replace(&mut self, loss: FileLoss) -> Result<(), HistoryError> {
        let reason = begin_anew(&mut self.store, loss, &self.watch)?;
        self.loss = None;
        self.watch = FileWatch::of(&self.store);
        self.state.next_generation();
        if let Some(reason) = reason {
            let because = error_chain(&reason);
            tracing::warn!(because, "the history of runs begins anew");
            self.state.update(|figures| figures.fallback = Some(because));
        }
        Ok(())
    }

    /// The log of changes holds what was removed: it is emptied as soon as no reader needs it.
    pub(crate) fn must_truncate_log(&mut self) {
        self.must_truncate = true;
        self.truncate_log();
    }

    /// Empties the log of changes, if that is to be done. A reader may keep it from that for a moment.
    pub(crate) fn truncate_log(&mut self) {
        if !self.must_truncate {
            return;
        }
        let is_busy = self.store.with(|connection| {
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, bool>(0))
        });
        self.must_truncate = is_busy.unwrap_or(true) && self.store.path.is_some();
    }
}

/// Whether the database or the disk is full.
fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}
