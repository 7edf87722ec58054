//! The size, the age and the rows of a second hold.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use loom_history::{
    BodyKind, History, HistoryHealth, HistorySettings, RunQuery, RunStatus, SpanRow,
};

use crate::fixture::{body, failed, file, recent, runs, settings, span};

const MIB: u64 = 1 << 20;

/// Waits until a condition on the health of a history is met.
fn wait_for(history: &History, condition: impl Fn(&HistoryHealth) -> bool) -> HistoryHealth {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let health = history.health();
        if condition(&health) {
            return health;
        }
        assert!(Instant::now() < deadline, "{health:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn fill(history: &History, first: u128, runs: u128, body_bytes: usize) {
    let sender = history.sender();
    for n in first..first + runs {
        let bodies = match body_bytes {
            0 => Vec::new(),
            bytes => vec![body(BodyKind::Input, format!("{n} ").repeat(bytes / 5))],
        };
        let row = if n % 10 == 0 { failed(n, 1, "no") } else { span(n, 1) };
        sender.span_closed(SpanRow { bodies, agent: Some(format!("agent-{}", n % 7)), ..row });
        if n % 500 == 0 {
            history.flush().unwrap();
        }
    }
    history.flush().unwrap();
}

#[test]
fn the_file_stays_within_its_size_and_keeps_failed_runs_longest() {
    let (_folder, path) = file();
    let history = History::open(HistorySettings { bytes: 3 * MIB, ..settings(&path) }).unwrap();
    let mut largest = 0;
    for round in 0..5 {
        fill(&history, 1 + round * 2_000, 2_000, 1_000);
        wait_for(&history, |health| health.error.is_none());
        let size = |ending: &str| {
            let file = path.with_file_name(format!("history.db{ending}"));
            fs::metadata(file).map_or(0, |metadata| metadata.len())
        };
        largest = largest.max(size("") + size("-wal"));
    }
    assert!(largest <= 3 * MIB, "{largest}");
    assert!(largest > 3 * MIB / 2, "the room is used: {largest}");
    let health = wait_for(&history, |health| health.runs_evicted > 0);
    assert_eq!((health.rows_failed, health.rows_missed), (0, 0));
    let counts = history.reader().counts().unwrap();
    assert_eq!(counts.failed_runs, 1_000, "none of those that failed is gone");
    assert!(counts.runs < 9_000, "{counts:?}");
    // The newest runs are there, with their bodies.
    let newest = runs(&history, &RunQuery { limit: 10, ..RunQuery::default() });
    let ids: Vec<u128> = newest.iter().map(|run| run.id.0).collect();
    assert_eq!(ids, (9_991..=10_000).rev().collect::<Vec<u128>>());
    let detail = history.reader().run(newest[1].id).unwrap().unwrap();
    assert_eq!(detail.spans[0].bodies.len(), 1);
    // The oldest ones that are left tell why theirs are gone.
    assert!(!detail.run.contents_removed);
    let failed = RunQuery { status: Some(RunStatus::Failed), limit: 500, ..RunQuery::default() };
    let oldest = runs(&history, &failed).into_iter().last().unwrap();
    assert!(oldest.contents_removed, "{oldest:?}");
    // A smaller cap is met after the next start.
    drop(history);
    let history = History::open(HistorySettings { bytes: 2 * MIB, ..settings(&path) }).unwrap();
    wait_for(&history, |health| health.bytes <= 2 * MIB && health.bytes > 0);
}

#[test]
fn failed_runs_obey_the_size_too_and_memory_has_one() {
    let history = History::open(HistorySettings { bytes: 2 * MIB, ..HistorySettings::memory() });
    let history = history.unwrap();
    let settings =
        HistorySettings { bytes: 2 * MIB, rows_per_second: 1_000_000, ..HistorySettings::memory() };
    drop(history);
    let history = History::open(settings).unwrap();
    for n in 1..=20_000 {
        history.sender().span_closed(failed(n, 1, &"why ".repeat(20)));
        if n % 1_000 == 0 {
            history.flush().unwrap_or_else(|_| thread::sleep(Duration::from_millis(1_100)));
        }
    }
    let health = wait_for(&history, |health| health.queue == 0 && health.error.is_none());
    assert!(health.bytes <= 2 * MIB && health.runs_evicted > 1_000, "{health:?}");
    let newest = runs(&history, &RunQuery { limit: 1, ..RunQuery::default() });
    assert_eq!(newest[0].id.0, 20_000);
}

#[test]
fn what_is_too_old_is_removed() {
    let (_folder, path) = file();
    let day = 86_400_000_000_000;
    {
        let history = History::open(settings(&path)).unwrap();
        for n in 1..=10_u128 {
            let start = recent() - n as i64 * day;
            history.sender().span_closed(SpanRow { start, ..failed(n, 1, "no") });
        }
    }
    let history = History::open(settings(&path)).unwrap();
    wait_for(&history, |health| health.runs_evicted == 4);
    let left = runs(&history, &RunQuery::default());
    assert_eq!(left.iter().map(|run| run.id.0).collect::<Vec<_>>(), [6, 5, 4, 3, 2, 1]);
}

#[test]
fn the_rows_of_a_second_are_counted_exactly() {
    let (_folder, path) = file();
    let settings = HistorySettings { rows_per_second: 100, ..settings(&path) };
    let history = History::open(settings).unwrap();
    let sender = history.sender();
    let begun = Instant::now();
    for n in 1..=3_000 {
        sender.span_closed(if n == 2_500 { failed(n, 1, "no") } else { span(n, 1) });
    }
    history.flush().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "the test was too slow for what it counts");
    let health = wait_for(&history, |health| health.rows_written + health.rows_left_out == 3_000);
    assert!(health.rows_written <= 300, "{health:?}");
    assert_eq!((health.runs_promoted, health.rows_missed, health.rows_failed), (1, 0, 0));
    let partial = RunQuery { status: Some(RunStatus::Failed), ..RunQuery::default() };
    let promoted = runs(&history, &partial);
    assert_eq!(promoted.iter().map(|run| run.id.0).collect::<Vec<_>>(), [2_500]);
    let overview = loom_history::HistoryRange { since: 0, until: i64::MAX };
    let total = history.reader().overview(overview).unwrap().total;
    assert_eq!((total.spans, total.errors, total.left_out), (3_000, 1, health.rows_left_out));
}
