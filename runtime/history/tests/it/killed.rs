//! A process that is killed loses the last second at most.

use std::{
    collections::HashSet,
    io::{BufRead as _, BufReader},
    thread,
    time::{Duration, Instant, SystemTime},
};

use loom_history::{History, HistoryReader, RunQuery, RunStatus, SpanRow, nanos};

use crate::{
    child,
    fixture::{body, file, runs, settings, span},
};

const TEST: &str = "killed::what_was_accepted_a_second_before_a_kill_is_there";

/// Writes a run every half a millisecond, and prints the last one that was accepted.
fn write_for_ever(path: &std::path::Path, first: u128) -> ! {
    let history = History::open(settings(path)).unwrap();
    assert!(history.fallback().is_none(), "{:?}", history.fallback());
    let sender = history.sender();
    for trace_id in first.. {
        let bodies = vec![body(loom_history::BodyKind::Input, format!("payload {trace_id}"))];
        sender.span_closed(SpanRow { bodies, ..span(trace_id, 1) });
        println!("accepted {trace_id} {}", nanos(SystemTime::now()));
        thread::sleep(Duration::from_micros(500));
    }
    unreachable!("a number of 128 bits has no end")
}

#[test]
fn what_was_accepted_a_second_before_a_kill_is_there() {
    if let Some(path) = child::path_of("write") {
        let first = std::env::var("LOOM_HISTORY_TEST_FIRST").unwrap();
        write_for_ever(&path, first.parse().unwrap());
    }
    let (_folder, path) = file();
    let mut first = 1;
    for lifetime_ms in [1_300, 1_750, 2_100] {
        let mut child = child::command(TEST, "write", &path, None);
        let mut child = child.env("LOOM_HISTORY_TEST_FIRST", first.to_string()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reading = thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            let accepted = lines.filter_map(|line| {
                let (_, numbers) = line.split_once("accepted ")?;
                let (trace_id, at) = numbers.split_once(' ')?;
                Some((trace_id.parse::<u128>().ok()?, at.parse::<i64>().ok()?))
            });
            accepted.collect::<Vec<_>>()
        });
        // Killed at a moment that has nothing to do with when it writes.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(lifetime_ms) {
            thread::sleep(Duration::from_millis(5));
        }
        let killed = nanos(SystemTime::now());
        child.kill().unwrap();
        child.wait().unwrap();
        let accepted = reading.join().unwrap();
        // While nothing runs, a reader finds it.
        let counts = HistoryReader::open(&path).unwrap().counts().unwrap();
        let history = History::open(settings(&path)).unwrap();
        assert!(history.fallback().is_none(), "{:?}", history.fallback());
        assert_eq!(history.reader().counts().unwrap().runs, counts.runs);
        let held = all(&history);
        let must: Vec<u128> = accepted
            .iter()
            .filter(|(_, at)| *at <= killed - 1_000_000_000)
            .map(|(trace_id, _)| *trace_id)
            .collect();
        assert!(must.len() > 100, "only {} of {}", must.len(), accepted.len());
        let lost: Vec<_> = must.iter().filter(|trace_id| !held.contains(trace_id)).collect();
        assert!(lost.is_empty(), "{} of {} were lost: {lost:?}", lost.len(), must.len());
        assert_eq!(held.len() as u64, counts.runs, "each run is there once");
        let running = RunQuery { status: Some(RunStatus::Running), ..RunQuery::default() };
        assert_eq!(runs(&history, &running), [], "a run of a killed process has an end");
        first = accepted.last().unwrap().0 + 1;
    }
}

fn all(history: &History) -> HashSet<u128> {
    let mut query = RunQuery { limit: 500, ..RunQuery::default() };
    let mut held = HashSet::new();
    loop {
        let page = history.reader().runs(&query).unwrap();
        held.extend(page.runs.iter().map(|run| run.id.0));
        query.cursor = page.next;
        if page.next.is_none() {
            return held;
        }
    }
}
