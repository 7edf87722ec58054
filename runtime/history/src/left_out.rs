//! The rows of runs that were left out, for a few seconds: an error in one of them shows that it should have been kept.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use crate::history_row::HistoryRow;

/// What one run costs without its rows.
const RUN_BYTES: usize = 128;

/// Runs that were left out, oldest first, bounded in bytes and age.
#[derive(Debug)]
pub(crate) struct LeftOutRuns {
    capacity: usize,
    age: Duration,
    bytes: usize,
    runs: HashMap<u128, LeftOutRun>,
    /// The runs in the order in which they began, each with its time. A run that was taken out is skipped.
    order: VecDeque<(Duration, u128)>,
}

/// One run that was left out.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct LeftOutRun {
    began: Duration,
    bytes: usize,
    /// Its rows so far.
    pub(crate) rows: Vec<HistoryRow>,
    /// Whether it is marked secret.
    pub(crate) is_secret: bool,
    /// Whether it waits to be stored after all.
    is_waiting: bool,
}

impl LeftOutRuns {
    pub(crate) fn new(capacity: usize, age: Duration) -> Self {
        Self { capacity, age, bytes: 0, runs: HashMap::new(), order: VecDeque::new() }
    }

    pub(crate) fn contains(&self, trace_id: u128) -> bool {
        self.runs.contains_key(&trace_id)
    }

    /// Begins a run without rows.
    pub(crate) fn begin(&mut self, trace_id: u128, is_secret: bool, now: Duration) {
        let run = LeftOutRun { began: now, bytes: RUN_BYTES, is_secret, ..LeftOutRun::default() };
        self.bytes += RUN_BYTES;
        self.runs.insert(trace_id, run);
        self.order.push_back((now, trace_id));
    }

    /// Adds a row to a run that is here.
    pub(crate) fn push(&mut self, trace_id: u128, mut row: HistoryRow) {
        let Some(run) = self.runs.get_mut(&trace_id) else { return };
        if run.is_secret {
            row.strip();
        }
        let bytes = row.bytes();
        run.bytes += bytes;
        self.bytes += bytes;
        run.rows.push(row);
    }

    /// Marks a run secret: its bodies are removed.
    pub(crate) fn mark_secret(&mut self, trace_id: u128) {
        let Some(run) = self.runs.get_mut(&trace_id) else { return };
        run.is_secret = true;
        run.rows.iter_mut().for_each(HistoryRow::strip);
        let bytes = RUN_BYTES + run.rows.iter().map(HistoryRow::bytes).sum::<usize>();
        self.bytes = self.bytes + bytes - run.bytes;
        run.bytes = bytes;
    }

    /// The number of rows of a run.
    pub(crate) fn rows(&self, trace_id: u128) -> usize {
        self.runs.get(&trace_id).map_or(0, |run| run.rows.len())
    }

    /// Notes that a run waits to be stored, or no longer does; whether it waited before.
    pub(crate) fn set_waiting(&mut self, trace_id: u128, is_waiting: bool) -> bool {
        let run = self.runs.get_mut(&trace_id);
        run.is_some_and(|run| std::mem::replace(&mut run.is_waiting, is_waiting))
    }

    /// Takes a run out.
    pub(crate) fn take(&mut self, trace_id: u128) -> Option<LeftOutRun> {
        let run = self.runs.remove(&trace_id)?;
        self.bytes -= run.bytes;
        Some(run)
    }

    /// Removes the next run that is too old or for which there is no room.
    pub(crate) fn next_expired(&mut self, now: Duration) -> Option<(u128, LeftOutRun)> {
        while let Some((began, trace_id)) = self.order.front().copied() {
            let is_here = self.runs.get(&trace_id).is_some_and(|run| run.began == began);
            let is_old = now.saturating_sub(began) >= self.age;
            if is_here && !is_old && self.bytes <= self.capacity {
                return None;
            }
            self.order.pop_front();
            if is_here {
                return self.take(trace_id).map(|run| (trace_id, run));
            }
        }
        None
    }

    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::row::{BodyKind, BodyRow, SpanRow};

    fn row(bytes: usize) -> HistoryRow {
        let content = Bytes::from(vec![b'x'; bytes]);
        let body = BodyRow { kind: BodyKind::Input, content_type: "".into(), content };
        HistoryRow::Span(Box::new(SpanRow { bodies: vec![body], ..SpanRow::default() }))
    }

    #[test]
    fn the_oldest_run_goes_first_by_age_or_for_room() {
        let second = Duration::from_secs(1);
        let mut runs = LeftOutRuns::new(10_000, 10 * second);
        runs.begin(1, false, second);
        runs.begin(2, false, 2 * second);
        runs.push(2, row(4_000));
        runs.push(9, row(4_000));
        assert_eq!(runs.next_expired(10 * second), None);
        assert_eq!(runs.next_expired(11 * second).map(|(id, _)| id), Some(1));
        assert_eq!(runs.next_expired(11 * second), None);
        runs.begin(3, false, 11 * second);
        runs.push(3, row(8_000));
        assert_eq!(
            runs.next_expired(11 * second).map(|(id, run)| (id, run.rows.len())),
            Some((2, 1))
        );
        assert_eq!(runs.next_expired(11 * second), None);
        assert_eq!(runs.take(3).map(|run| run.rows.len()), Some(1));
        assert_eq!((runs.bytes(), runs.contains(3)), (0, false));
        assert_eq!(runs.next_expired(99 * second), None);
    }

    #[test]
    fn a_secret_run_has_no_bodies() {
        let mut runs = LeftOutRuns::new(1 << 20, Duration::from_secs(10));
        runs.begin(1, false, Duration::ZERO);
        runs.push(1, row(5_000));
        runs.mark_secret(1);
        assert!(runs.bytes() < 2_000);
        runs.push(1, row(5_000));
        let run = runs.take(1).unwrap();
        assert!(run.is_secret && runs.bytes() == 0);
        assert!(
            run.rows
                .iter()
                .all(|row| matches!(row, HistoryRow::Span(span) if span.bodies.is_empty()))
        );
    }
}
