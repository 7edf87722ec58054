//! The intake by tables, and against a simple model.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::row::{BodyKind, BodyRow, EventRow, LogRow, SpanRow};

/// The runs of a file, as far as a test has written them.
#[derive(Default)]
struct FakeFile(RefCell<HashMap<u128, (RunNumber, RunTotals)>>);

impl FakeFile {
    fn write(&self, batch: &ChangeBatch) {
        for run in batch.runs.values() {
            self.0.borrow_mut().insert(run.trace_id, (run.number, run.totals.clone()));
        }
        for trace_id in erased(batch) {
            if let Some((_, totals)) = self.0.borrow_mut().get_mut(&trace_id) {
                totals.is_secret = true;
            }
        }
    }
}

impl StoredRuns for &FakeFile {
    fn load(&mut self, trace_id: u128) -> Option<(RunNumber, RunTotals)> {
        self.0.borrow().get(&trace_id).cloned()
    }
}

fn at(ms: u64) -> Moment {
    Moment { elapsed: Duration::from_millis(ms), wall: ms as i64 * 1_000_000 }
}

fn span(trace_id: u128, span_id: u64) -> SpanRow {
    SpanRow { trace_id, span_id, name: "work".into(), start: 1, ..SpanRow::default() }
}

fn failed(trace_id: u128, span_id: u64) -> SpanRow {
    SpanRow { outcome: SpanOutcome::Error, ..span(trace_id, span_id) }
}

fn with_body(mut row: SpanRow) -> SpanRow {
    let content = Bytes::from_static(b"body");
    row.bodies = vec![BodyRow { kind: BodyKind::Input, content_type: "".into(), content }];
    row
}

fn row(span: SpanRow) -> HistoryRow {
    HistoryRow::Span(Box::new(span))
}

fn intake(rows_per_second: u32) -> Intake {
    Intake::new(IntakePolicy::new(rows_per_second, BTreeMap::new()), 1)
}

fn stored_spans(batch: &ChangeBatch) -> Vec<(u128, u64)> {
    let spans = batch.changes.iter().filter_map(|change| match change {
        HistoryChange::Span(span) => Some((span.row.trace_id, span.row.span_id)),
        _ => None,
    });
    spans.collect()
}

fn erased(batch: &ChangeBatch) -> Vec<u128> {
    let erased = batch.changes.iter().filter_map(|change| match change {
        HistoryChange::Erase(trace_id) => Some(*trace_id),
        _ => None,
    });
    erased.collect()
}

fn bodies(batch: &ChangeBatch) -> usize {
    let spans = batch.changes.iter().filter_map(|change| match change {
        HistoryChange::Span(span) => Some(span.row.bodies.len()),
        _ => None,
    });
    spans.sum()
}

#[test]
fn a_run_ends_ten_seconds_after_its_last_span_and_a_late_one_reopens_it() {
    let (mut intake, file) = (intake(100), &FakeFile::default());
    let opened = SpanLink { trace_id: 7, span_id: 1 };
    intake.opened(opened, 5, at(0), &mut &*file);
    intake.row(row(span(7, 2)), at(1_000), &mut &*file);
    intake.tick(at(60_000));
    let batch = intake.take_batch();
    assert!(batch.runs[&1].is_running, "a span is open");
    intake.row(row(failed(7, 1)), at(61_000), &mut &*file);
    intake.tick(at(70_999));
    assert!(intake.take_batch().runs[&1].is_running);
    intake.tick(at(71_000));
    let batch = intake.take_batch();
    let run = &batch.runs[&1];
    assert_eq!((run.is_running, run.totals.spans, run.totals.errors), (false, 2, 1));
    file.write(&batch);
    intake.row(row(span(7, 3)), at(90_000), &mut &*file);
    let batch = intake.take_batch();
    let run = &batch.runs[&1];
    assert_eq!((run.is_running, run.totals.spans, run.totals.is_partial), (true, 3, false));
    assert_eq!(batch.minutes.values().map(|minute| minute.runs).sum::<u64>(), 0, "the same run");
}

#[test]
fn beyond_the_rows_of_a_second_whole_runs_are_left_out_and_counted() {
    let (mut intake, file) = (intake(8), &FakeFile::default());
    for trace_id in 1..=10 {
        intake.row(row(span(trace_id, 1)), at(100), &mut &*file);
    }
    // Runs that were admitted go on within what is left of the second.
    for trace_id in 1..=10 {
        intake.row(row(span(trace_id, 2)), at(200), &mut &*file);
    }
    let batch = intake.take_batch();
    let mut expected: Vec<(u128, u64)> = (1..=6).map(|trace_id| (trace_id, 1)).collect();
    expected.extend([(1, 2), (2, 2)]);
    assert_eq!(stored_spans(&batch), expected);
    let partial = batch.runs.values().filter(|run| run.totals.is_partial);
    assert_eq!(partial.map(|run| run.trace_id).collect::<Vec<_>>(), [3, 4, 5, 6]);
    assert_eq!(intake.counts, IntakeCounts { rows_left_out: 4, ..IntakeCounts::default() });
    intake.tick(at(10_100));
    let counts = IntakeCounts { rows_left_out: 12, runs_left_out: 4, runs_promoted: 0 };
    assert_eq!(intake.counts, counts);
    assert_eq!(intake.take_batch().minutes[&0].left_out, 8);
    // The next second is another one, and the runs that were left out stay so.
    for trace_id in 1..=10 {
        intake.row(row(span(trace_id, 3)), at(10_200), &mut &*file);
    }
    assert_eq!(stored_spans(&intake.take_batch()).len(), 6);
    assert_eq!(intake.counts.rows_left_out, 16);
}

#[test]
fn a_failed_span_has_its_run_stored_after_all() {
    let (mut intake, file) = (intake(8), &FakeFile::default());
    for trace_id in 1..=10 {
        intake.row(row(span(trace_id, 1)), at(0), &mut &*file);
    }
    intake.take_batch();
    intake.row(row(failed(9, 2)), at(500), &mut &*file);
    let batch = intake.take_batch();
    assert_eq!(stored_spans(&batch), [(9, 1), (9, 2)], "the quarter that new runs leave");
    let run = batch.runs.values().next().unwrap();
    assert_eq!((run.trace_id, run.totals.is_partial, run.totals.errors), (9, true, 1));
    // The second has no room for this one; the next has.
    intake.row(row(failed(10, 2)), at(600), &mut &*file);
    intake.tick(at(900));
    assert!(intake.take_batch().changes.is_empty());
    intake.tick(at(1_000));
    assert_eq!(stored_spans(&intake.take_batch()), [(10, 1), (10, 2)]);
    // After ten seconds the rows are gone, and what comes is stored.
    intake.tick(at(11_000));
    intake.row(row(failed(8, 5)), at(11_100), &mut &*file);
    let batch = intake.take_batch();
    assert_eq!(stored_spans(&batch), [(8, 5)]);
    let run = batch.runs.values().find(|run| run.trace_id == 8).unwrap();
    assert!(run.totals.is_partial);
    assert_eq!(intake.counts.runs_promoted, 3);
}

#[test]
fn a_run_is_cut_at_its_spans_and_at_its_age() {
    let mut intake = intake(100_000);
    intake.policy.most_spans = 3;
    let file = &FakeFile::default();
    for span_id in 1..=5 {
        intake.row(row(span(1, span_id)), at(0), &mut &*file);
    }
    let batch = intake.take_batch();
    assert_eq!(stored_spans(&batch), [(1, 1), (1, 2), (1, 3)]);
    let totals = &batch.runs[&1].totals;
    assert_eq!((totals.is_cut, totals.is_partial, totals.spans), (true, true, 5));
    let opened = SpanLink { trace_id: 2, span_id: 1 };
    intake.opened(opened, 1, at(1_000), &mut &*file);
    for (ms, is_cut, is_running) in [(3_600_999, false, true), (3_601_000, true, false)] {
        intake.row(row(span(2, ms)), at(ms - 20_000), &mut &*file);
        intake.tick(at(ms));
        let run = intake.take_batch().runs.remove(&2).unwrap();
        assert_eq!((run.totals.is_cut, run.is_running), (is_cut, is_running), "{ms}");
    }
}

#[test]
fn a_secret_run_has_no_bodies_from_there_on_and_is_erased() {
    let (mut intake, file) = (intake(100), &FakeFile::default());
    intake.row(row(with_body(span(1, 1))), at(0), &mut &*file);
    intake.row(row(with_body(span(2, 1))), at(0), &mut &*file);
    intake.mark_secret(1, at(1));
    intake.row(row(with_body(span(1, 2))), at(2), &mut &*file);
    let batch = intake.take_batch();
    assert_eq!((bodies(&batch), stored_spans(&batch).len()), (1, 3));
    assert_eq!(
        batch.changes.iter().filter(|change| **change == HistoryChange::Erase(1)).count(),
        1
    );
    assert!(batch.runs[&1].totals.is_secret && !batch.runs[&2].totals.is_secret);
    // A row can carry the mark, and it holds for runs that ended or come later.
    intake.row(row(SpanRow { is_secret: true, ..with_body(span(3, 1)) }), at(3), &mut &*file);
    intake.row(row(with_body(span(3, 2))), at(4), &mut &*file);
    intake.mark_secret(4, at(5));
    intake.row(row(with_body(span(4, 1))), at(6), &mut &*file);
    let batch = intake.take_batch();
    assert_eq!(bodies(&batch), 0);
    assert!(
        batch.changes.contains(&HistoryChange::Erase(3))
            && batch.changes.contains(&HistoryChange::Erase(4))
    );
}

#[test]
fn a_secret_run_that_was_left_out_has_no_bodies_when_it_is_stored() {
    let (mut intake, file) = (intake(4), &FakeFile::default());
    for trace_id in 1..=4 {
        intake.row(row(with_body(span(trace_id, 1))), at(0), &mut &*file);
    }
    intake.mark_secret(4, at(1));
    intake.take_batch();
    intake.row(row(with_body(failed(4, 2))), at(1_000), &mut &*file);
    let batch = intake.take_batch();
    assert_eq!((stored_spans(&batch), bodies(&batch)), (vec![(4, 1), (4, 2)], 0));
    assert!(batch.runs.values().all(|run| run.totals.is_secret));
}

#[test]
fn the_end_of_a_span_that_found_no_room_lets_its_run_end() {
    let (mut intake, file) = (intake(100), &FakeFile::default());
    let opened = SpanLink { trace_id: 1, span_id: 1 };
    intake.opened(opened, 1, at(0), &mut &*file);
    intake.missed(opened);
    intake.tick(at(10_000));
    let run = intake.take_batch().runs.remove(&1).unwrap();
    assert_eq!((run.is_running, run.totals.is_partial), (false, true));
}

#[test]
fn rows_of_no_run_count_and_log_lines_begin_none() {
    let (mut intake, file) = (intake(2), &FakeFile::default());
    let line = LogRow {
        at: 1,
        span: Some(SpanLink { trace_id: 5, span_id: 1 }),
        level: "info".into(),
        target: "t".into(),
        message: "m".to_owned(),
    };
    intake.row(HistoryRow::Log(Box::new(line)), at(0), &mut &*file);
    for _ in 0..2 {
        let event = EventRow::new(EventKind::Registered, 1);
        intake.row(HistoryRow::Event(Box::new(event)), at(1), &mut &*file);
    }
    let batch = intake.take_batch();
    assert!(batch.runs.is_empty());
    assert!(matches!(
        &batch.changes[..],
        [HistoryChange::Log { run: None, .. }, HistoryChange::Event { run: None, .. }]
    ));
    assert_eq!(intake.counts.rows_left_out, 1);
}

#[test]
fn what_is_removed_is_forgotten() {
    let (mut intake, file) = (intake(100), &FakeFile::default());
    intake.row(row(span(1, 1)), at(0), &mut &*file);
    intake.row(row(span(2, 1)), at(0), &mut &*file);
    intake.forget(1);
    assert_eq!(stored_spans(&intake.take_batch()), [(2, 1)]);
    intake.clear();
    intake.row(row(span(2, 2)), at(1), &mut &*file);
    assert_eq!(
        intake.take_batch().runs.keys().copied().collect::<Vec<_>>(),
        [3],
        "a number is used once"
    );
}

/// One step of a history.
#[derive(Debug, Clone)]
enum Step {
    Open { trace_id: u128, span_id: u64 },
    Close { trace_id: u128, span_id: u64, failed: bool },
    Secret(u128),
    Pass { ms: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ids = || (1..12_u128, 1..6_u64);
    let step = prop_oneof![
        3 => ids().prop_map(|(trace_id, span_id)| Step::Open { trace_id, span_id }),
        6 => (ids(), prop::bool::weighted(0.2)).prop_map(|((trace_id, span_id), failed)| {
            Step::Close { trace_id, span_id, failed }
        }),
        1 => (1..12_u128).prop_map(Step::Secret),
        3 => (1..9_000_u64).prop_map(|ms| Step::Pass { ms }),
    ];
    prop::collection::vec(step, 0..300)
}

/// What must hold whatever happens, by a model that only counts.
#[derive(Default)]
struct Model {
    closed: HashMap<u128, u64>,
    secret: Vec<u128>,
    stored_in_second: HashMap<u64, usize>,
    stored: HashMap<u128, u64>,
    /// The rows that were left out before a run was stored, which it has forgotten.
    earlier: HashMap<u128, u64>,
    running: HashMap<u128, bool>,
    totals: HashMap<u128, RunTotals>,
}

impl Model {
    fn written(&mut self, batch: &ChangeBatch, now: Moment) -> Result<(), TestCaseError> {
        for change in &batch.changes {
            let HistoryChange::Span(span) = change else { continue };
            *self.stored_in_second.entry(now.elapsed.as_secs()).or_default() += 1;
            *self.stored.entry(span.row.trace_id).or_default() += 1;
            let is_secret = self.secret.contains(&span.row.trace_id);
            prop_assert!(!is_secret || span.row.bodies.is_empty(), "a body of a secret run");
        }
        for run in batch.runs.values() {
            let stored = self.stored.get(&run.trace_id).copied().unwrap_or_default();
            let closed = self.closed.get(&run.trace_id).copied().unwrap_or_default();
            self.earlier.entry(run.trace_id).or_insert(if run.totals.is_partial {
                0
            } else {
                closed - stored
            });
            self.running.insert(run.trace_id, run.is_running);
            self.totals.insert(run.trace_id, run.totals.clone());
        }
        for trace_id in erased(batch) {
            if let Some(totals) = self.totals.get_mut(&trace_id) {
                totals.is_secret = true;
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_rows_keeps_the_limits_and_loses_no_row_uncounted(
        steps in steps(),
        limit in 0..12_u32,
    ) {
        let (mut intake, file) = (intake(limit), &FakeFile::default());
        let mut model = Model::default();
        let mut now = at(0);
        for step in steps {
            match step {
                Step::Open { trace_id, span_id } => {
                    intake.opened(SpanLink { trace_id, span_id }, 1, now, &mut &*file);
                }
                Step::Close { trace_id, span_id, failed: is_failed } => {
                    let made = if is_failed { failed(trace_id, span_id) } else { span(trace_id, span_id) };
                    *model.closed.entry(trace_id).or_default() += 1;
                    intake.row(row(with_body(made)), now, &mut &*file);
                }
                Step::Secret(trace_id) => {
                    model.secret.push(trace_id);
                    intake.mark_secret(trace_id, now);
                }
                Step::Pass { ms } => {
                    now = at(now.elapsed.as_millis() as u64 + ms);
                    intake.tick(now);
                }
            }
            let batch = intake.take_batch();
            model.written(&batch, now)?;
            file.write(&batch);
        }
        // Long after the last row nothing is open or waiting but what has an open span.
        for second in 1..=30 {
            let later = at(now.elapsed.as_millis() as u64 + second * 1_000);
            intake.tick(later);
            let batch = intake.take_batch();
            model.written(&batch, later)?;
            file.write(&batch);
        }
        for (second, rows) in &model.stored_in_second {
            prop_assert!(*rows <= limit as usize, "{rows} rows in second {second}");
        }
        let closed: u64 = model.closed.values().sum();
        let stored: u64 = model.stored.values().sum();
        prop_assert_eq!(closed, stored + intake.counts.rows_left_out);
        for (trace_id, totals) in &model.totals {
            let stored = model.stored.get(trace_id).copied().unwrap_or_default();
            let closed = model.closed.get(trace_id).copied().unwrap_or_default();
            let is_complete = stored + model.earlier[trace_id] == closed;
            prop_assert!(is_complete || totals.is_partial, "a run that lacks rows is partial");
            prop_assert_eq!(totals.is_secret, model.secret.contains(trace_id));
        }
        intake.tick(at(now.elapsed.as_millis() as u64 + 4_000_000));
        model.written(&intake.take_batch(), now)?;
        prop_assert!(model.running.values().all(|is_running| !is_running));
    }
}
