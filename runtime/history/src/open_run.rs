//! A run that has not ended.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    time::Duration,
};

use crate::{
    change::{NameKind, RunChange, RunNumber},
    row::SpanRow,
    run_totals::RunTotals,
};

/// The names of a run that it is found by.
const MOST_NAMES: usize = 1_024;
/// The spans of a run that may be open at the same time; further ones do not keep it from ending.
const MOST_OPEN: usize = 10_000;

/// A run that is stored and has not ended.
#[derive(Debug)]
pub(crate) struct OpenRun {
    pub(crate) number: RunNumber,
    pub(crate) totals: RunTotals,
    /// When it was seen first since the process began, or since it ended.
    pub(crate) began: Duration,
    /// When something happened last.
    pub(crate) active: Duration,
    open: HashSet<u64>,
    names: HashSet<u64>,
}

impl OpenRun {
    pub(crate) fn new(number: RunNumber, totals: RunTotals, now: Duration) -> Self {
        let (open, names) = (HashSet::new(), HashSet::new());
        Self { number, totals, began: now, active: now, open, names }
    }

    pub(crate) fn span_opened(&mut self, span_id: u64) {
        if self.open.len() < MOST_OPEN && !self.totals.is_cut {
            self.open.insert(span_id);
        }
    }

    pub(crate) fn span_closed(&mut self, span_id: u64) {
        self.open.remove(&span_id);
    }

    pub(crate) fn has_open_spans(&self) -> bool {
        !self.open.is_empty()
    }

    /// It is too large or too old: what follows is not stored.
    pub(crate) fn cut(&mut self) {
        self.totals.is_cut = true;
        self.totals.is_partial = true;
        self.open.clear();
    }

    /// Whether no span was open for so long.
    pub(crate) fn is_quiet(&self, quiet: Duration, now: Duration) -> bool {
        self.open.is_empty() && now.saturating_sub(self.active) >= quiet
    }

    /// The kinds of names that the run has for the first time in this row.
    pub(crate) fn new_names(&mut self, row: &SpanRow) -> Vec<NameKind> {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let mut new = Vec::new();
        for kind in NameKind::ALL {
            let Some(name) = kind.of(row) else { continue };
            let hash = hasher.hash_one((kind, name));
            if self.names.len() < MOST_NAMES && self.names.insert(hash) {
                new.push(kind);
            }
        }
        new
    }

    /// Its state, to be written.
    pub(crate) fn change(&self, trace_id: u128, is_running: bool) -> RunChange {
        RunChange { number: self.number, trace_id, is_running, totals: self.totals.clone() }
    }
}
