//! What the writer, the senders and the readers of a history share.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use loom_base::{LockExt as _, error_chain};

use crate::{
    error::FallbackReason, health::HistoryHealth, sender::QueueLoad, settings::HistorySettings,
    store::HistoryStore,
};

/// Counters of the writer, and what readers tell it.
#[derive(Debug)]
pub(crate) struct HistoryState {
    pub(crate) load: Arc<QueueLoad>,
    path: Option<PathBuf>,
    content: bool,
    limit: u64,
    figures: Mutex<WriterFigures>,
    /// Counts the databases of this process: readers of an earlier one open the file again.
    generation: AtomicU64,
    /// A reader met damage, and the writer is to look.
    is_suspect: AtomicBool,
}

/// The figures that the writer publishes.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriterFigures {
    pub(crate) rows_written: u64,
    pub(crate) rows_left_out: u64,
    pub(crate) runs_left_out: u64,
    pub(crate) runs_promoted: u64,
    pub(crate) rows_failed: u64,
    pub(crate) runs_evicted: u64,
    pub(crate) pending: u64,
    pub(crate) bytes: u64,
    pub(crate) oldest_ms: Option<i64>,
    pub(crate) search_backlog: u64,
    /// Why the history is in memory, or begins anew.
    pub(crate) fallback: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) cpu: Option<Duration>,
}

impl HistoryState {
    pub(crate) fn new(
        settings: &HistorySettings,
        store: &HistoryStore,
        fallback: Option<&FallbackReason>,
        load: Arc<QueueLoad>,
    ) -> Self {
        Self {
            load,
            path: store.path.clone(),
            content: settings.content,
            limit: store.limit,
            figures: Mutex::new(WriterFigures {
                fallback: fallback.map(|reason| error_chain(reason)),
                ..WriterFigures::default()
            }),
            generation: AtomicU64::new(0),
            is_suspect: AtomicBool::new(false),
        }
    }

    /// Changes the figures.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut WriterFigures) -> T) -> T {
        change(&mut self.figures.locked())
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// A new database was begun.
    pub(crate) fn next_generation(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// A reader met damage.
    pub(crate) fn suspect(&self) {
        self.is_suspect.store(true, Ordering::Relaxed);
    }

    /// Whether a reader met damage since the last call.
    pub(crate) fn take_suspicion(&self) -> bool {
        self.is_suspect.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn health(&self) -> HistoryHealth {
        let figures = self.figures.locked().clone();
        HistoryHealth {
            path: self.path.clone(),
            fallback: figures.fallback,
            content: self.content,
            rows_written: figures.rows_written,
            rows_left_out: figures.rows_left_out,
            runs_left_out: figures.runs_left_out,
            runs_promoted: figures.runs_promoted,
            rows_missed: self.load.rows_missed.load(Ordering::Relaxed),
            bodies_missed: self.load.bodies_missed.load(Ordering::Relaxed),
            rows_failed: figures.rows_failed,
            runs_evicted: figures.runs_evicted,
            bytes: figures.bytes,
            limit: self.limit,
            oldest_ms: figures.oldest_ms,
            queue: self.load.messages.load(Ordering::Relaxed) as u64 + figures.pending,
            search_backlog: figures.search_backlog,
            error: figures.error,
            cpu: figures.cpu,
        }
    }
}
