//! What is to be written.

use std::collections::BTreeMap;

use crate::{
    history_row::strip_span,
    overview::MinuteTotals,
    row::{EventRow, LogRow, Nanos, SpanRow},
    run_totals::RunTotals,
};

/// The number of a run within the file: it grows with every run that begins.
pub(crate) type RunNumber = i64;

/// One row to be written, or bodies to be erased.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum HistoryChange {
    /// A span; its bodies have the numbers that follow its own.
    Span(Box<SpanChange>),
    /// An event, of a run that is stored or of none.
    Event { run: Option<RunNumber>, row: Box<EventRow> },
    /// A log line, of a run that is stored or of none.
    Log { run: Option<RunNumber>, row: Box<LogRow> },
    /// A run is secret: what is stored of its bodies is erased.
    Erase(u128),
}

impl HistoryChange {
    /// The run of a row.
    pub(crate) fn trace_id(&self) -> Option<u128> {
        match self {
            Self::Span(span) => Some(span.row.trace_id),
            Self::Event { row, .. } => row.span.map(|span| span.trace_id),
            Self::Log { row, .. } => row.span.map(|span| span.trace_id),
            Self::Erase(_) => None,
        }
    }

    /// The number of the run of a row.
    pub(crate) fn run(&self) -> Option<RunNumber> {
        match self {
            Self::Span(span) => Some(span.run),
            Self::Event { run, .. } | Self::Log { run, .. } => *run,
            Self::Erase(_) => None,
        }
    }

    /// The bytes of its bodies.
    fn body_bytes(&self) -> usize {
        match self {
            Self::Span(span) => span.row.bodies.iter().map(|body| body.content.len()).sum(),
            _ => 0,
        }
    }
}

/// A span to be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SpanChange {
    pub(crate) run: RunNumber,
    pub(crate) number: u32,
    pub(crate) cost: Option<f64>,
    /// The names that are new in the run, by [`NameKind`].
    pub(crate) new_names: Vec<NameKind>,
    pub(crate) row: Box<SpanRow>,
}

/// The kinds of names that runs are found by, with their numbers in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum NameKind {
    Agent = 1,
    Topic = 2,
    Tool = 3,
    Model = 4,
    Conversation = 5,
}

impl NameKind {
    pub(crate) const ALL: [Self; 5] =
        [Self::Agent, Self::Topic, Self::Tool, Self::Model, Self::Conversation];

    /// The name of this kind that a span has.
    pub(crate) fn of(self, row: &SpanRow) -> Option<&str> {
        match self {
            Self::Agent => row.agent.as_deref(),
            Self::Topic => row.topic.as_deref(),
            Self::Tool => row.tool.as_deref(),
            Self::Model => row.model.as_deref(),
            Self::Conversation => row.conversation.as_deref(),
        }
    }
}

/// The state of a run after the changes before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunChange {
    pub(crate) number: RunNumber,
    pub(crate) trace_id: u128,
    pub(crate) is_running: bool,
    pub(crate) totals: RunTotals,
}

/// Changes that are written in one transaction.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ChangeBatch {
    pub(crate) changes: Vec<HistoryChange>,
    /// The latest state of each run that changed.
    pub(crate) runs: BTreeMap<RunNumber, RunChange>,
    /// Sums to be added to those of each minute since 1970.
    pub(crate) minutes: BTreeMap<i64, MinuteTotals>,
}

impl ChangeBatch {
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.runs.is_empty() && self.minutes.is_empty()
    }

    /// Adds what came after.
    pub(crate) fn append(&mut self, later: Self) {
        for change in &later.changes {
            if let HistoryChange::Erase(trace_id) = change {
                self.strip(*trace_id);
            }
        }
        self.changes.extend(later.changes);
        self.runs.extend(later.runs);
        for (minute, totals) in later.minutes {
            self.minutes.entry(minute).or_default().add(&totals);
        }
    }

    /// Takes the first changes out, with the state of their runs, so that a transaction has a size. The rest of the runs
    /// and the sums of minutes come with the last changes.
    pub(crate) fn take_slice(&mut self, rows: usize, bytes: usize) -> Self {
        let mut sum = 0;
        let sizes = self.changes.iter().map(HistoryChange::body_bytes);
        let count = sizes.take_while(|size| {
            let fits = sum < bytes;
            sum += size;
            fits
        });
        let count = count.take(rows).count();
        if count == self.changes.len() {
            return std::mem::take(self);
        }
        let changes: Vec<HistoryChange> = self.changes.drain(..count).collect();
        let runs =
            changes.iter().filter_map(HistoryChange::run).filter_map(|run| self.runs.get(&run));
        let runs = runs.map(|run| (run.number, run.clone())).collect();
        Self { changes, runs, minutes: BTreeMap::new() }
    }

    /// Puts back what was taken out and could not be written.
    pub(crate) fn put_back(&mut self, slice: Self) {
        let later = std::mem::replace(self, slice);
        self.append(later);
    }

    /// Drops the oldest rows until so many are left; runs that lack rows become partial. What is to be erased stays.
    /// Returns the number of rows that are lost.
    pub(crate) fn drop_oldest(&mut self, kept: usize) -> u64 {
        let excess = self.changes.len().saturating_sub(kept);
        let latest = self.changes.split_off(excess);
        let mut lost = 0;
        let is_erase = |change: &HistoryChange| matches!(change, HistoryChange::Erase(_));
        let mut oldest = std::mem::take(&mut self.changes);
        for change in oldest.iter().filter(|change| !is_erase(change)) {
            lost += 1;
            if let Some(run) = change.run().and_then(|run| self.runs.get_mut(&run)) {
                run.totals.is_partial = true;
            }
        }
        oldest.retain(is_erase);
        oldest.extend(latest);
        self.changes = oldest;
        // Runs that are open tell their state again with their next row.
        while self.runs.len() > kept {
            self.runs.pop_first();
        }
        lost
    }

    /// Removes the content of a run.
    pub(crate) fn strip(&mut self, trace_id: u128) {
        for change in self.changes.iter_mut().filter(|change| change.trace_id() == Some(trace_id)) {
            match change {
                HistoryChange::Span(span) => strip_span(&mut span.row),
                HistoryChange::Event { row, .. } => row.payload = bytes::Bytes::new(),
                HistoryChange::Log { .. } | HistoryChange::Erase(_) => {}
            }
        }
        for run in self.runs.values_mut().filter(|run| run.trace_id == trace_id) {
            run.totals.mark_secret();
        }
    }

    /// Removes the rows of a run, and the run.
    pub(crate) fn remove(&mut self, trace_id: u128) {
        self.changes.retain(|change| change.trace_id() != Some(trace_id));
        self.runs.retain(|_, run| run.trace_id != trace_id);
    }

    /// The sums of the minute of `wall`.
    pub(crate) fn minute(&mut self, wall: Nanos) -> &mut MinuteTotals {
        const MINUTE: Nanos = 60_000_000_000;
        self.minutes.entry(wall.div_euclid(MINUTE)).or_default()
    }
}

impl MinuteTotals {
    /// Adds the sums of another time.
    pub(crate) fn add(&mut self, other: &Self) {
        self.spans += other.spans;
        self.errors += other.errors;
        self.runs += other.runs;
        self.events += other.events;
        self.left_out += other.left_out;
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(run: RunNumber) -> HistoryChange {
        let row = Box::new(EventRow::new(crate::row::EventKind::Published, 1));
        HistoryChange::Event { run: Some(run), row }
    }

    fn batch(changes: Vec<HistoryChange>) -> ChangeBatch {
        let numbers = changes.iter().filter_map(HistoryChange::run);
        let runs = numbers.map(|number| {
            let totals = RunTotals::default();
            let trace_id = number as u128;
            (number, RunChange { number, trace_id, is_running: true, totals })
        });
        ChangeBatch { runs: runs.collect(), changes, ..ChangeBatch::default() }
    }

    #[test]
    fn a_slice_has_the_runs_of_its_rows_and_can_be_put_back() {
        let mut all = batch((1..=5).map(event).collect());
        all.minute(0).spans = 5;
        let slice = all.take_slice(2, usize::MAX);
        assert_eq!((slice.changes.len(), slice.runs.len(), slice.minutes.len()), (2, 2, 0));
        assert_eq!((all.changes.len(), all.runs.len(), all.minutes.len()), (3, 5, 1));
        all.put_back(slice);
        assert_eq!(all.changes, (1..=5).map(event).collect::<Vec<_>>());
        assert_eq!((all.take_slice(9, usize::MAX).runs.len(), all.is_empty()), (5, true));
        // A row without bodies has no bytes, and one with any gets a slice.
        let mut all = batch((1..=5).map(event).collect());
        assert_eq!(all.take_slice(9, 1).changes.len(), 5);
    }

    #[test]
    fn what_is_to_be_erased_outlives_rows_that_are_lost() {
        let mut all = batch(vec![event(1), HistoryChange::Erase(7), event(2), event(3), event(4)]);
        assert_eq!(all.drop_oldest(2), 2);
        assert_eq!(all.changes, [HistoryChange::Erase(7), event(3), event(4)]);
        assert_eq!(all.runs.keys().copied().collect::<Vec<_>>(), [3, 4]);
        let mut all = batch(vec![event(1), event(1), event(1)]);
        assert_eq!(all.drop_oldest(1), 2);
        assert!(all.runs[&1].totals.is_partial);
    }
}
