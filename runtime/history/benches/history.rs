//! What a row costs, and how long questions take: `cargo bench -p loom-history`. Not part of the tests.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for developers, which prints what it measured"
)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use loom_history::{
    BodyKind, BodyRow, EventKind, EventRow, History, HistoryRange, HistorySettings, RunId,
    RunQuery, RunStatus, SpanLink, SpanOutcome, SpanRow, nanos,
};

/// The runs of the questions.
const RUNS: u64 = 100_000;

fn main() {
    for (name, body_bytes) in
        [("rows without bodies", 0), ("a body of 500 bytes per row, indexed", 500)]
    {
        rows(name, body_bytes, 1 << 30);
    }
    rows(
        "rows with a body of 500 bytes at a size of 32 MiB, so that old ones are removed",
        500,
        32 << 20,
    );
    overload();
    questions();
}

/// Ten times as many rows as are stored, with bodies: 20,000 events a second, each a span and an event.
fn overload() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("history.db");
    let history = History::open(HistorySettings::file(&path)).expect("a history");
    let sender = history.sender();
    let begun = Instant::now();
    let mut sending = Duration::ZERO;
    for tick in 0..1_000 {
        while begun.elapsed() < Duration::from_millis(10 * tick) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let rows: Vec<SpanRow> =
            (0..200).map(|n| span(u128::from(tick * 200 + n) + 1, tick * 200 + n, 200)).collect();
        let at = Instant::now();
        for row in rows {
            let link = SpanLink { trace_id: row.trace_id, span_id: row.span_id };
            let event =
                EventRow { span: Some(link), ..EventRow::new(EventKind::Published, row.start) };
            sender.span_opened(link.trace_id, link.span_id);
            sender.event(event);
            sender.span_closed(row);
        }
        sending += at.elapsed();
    }
    flush(&history);
    std::thread::sleep(Duration::from_secs(2));
    let health = history.health();
    println!(
        "20,000 events/s for 10 s: {:.2} of a core, {:.2} us per call of the sender; {} rows written, {} left out, {} missed, {} runs promoted",
        health.cpu.unwrap_or_default().as_secs_f64() / 10.0,
        sending.as_secs_f64() * 1e6 / 600_000.0,
        health.rows_written,
        health.rows_left_out,
        health.rows_missed,
        health.runs_promoted,
    );
}

/// A span as a call of a tool leaves it, with its event.
fn span(trace_id: u128, n: u64, body_bytes: usize) -> SpanRow {
    let bodies = (body_bytes > 0).then(|| BodyRow {
        kind: BodyKind::Input,
        content_type: "application/json".into(),
        content: Bytes::from(words(n, body_bytes)),
    });
    SpanRow {
        trace_id,
        span_id: n + 1,
        parent: (!n.is_multiple_of(3)).then_some(n),
        name: "event.deliver".into(),
        start: nanos(std::time::SystemTime::now()),
        duration: Duration::from_micros(n % 5_000),
        outcome: if n % 500 == 7 { SpanOutcome::Error } else { SpanOutcome::Ok },
        error: (n % 500 == 7).then(|| "the order was refused".to_owned()),
        agent: Some(format!("analyst-{}", n % 50)),
        topic: Some(format!("market.price.{}", n % 200)),
        tool: n.is_multiple_of(10).then(|| format!("search-{}", n % 30)),
        attributes: vec![("event_id".into(), format!("event-{n:08}"))],
        bodies: bodies.into_iter().collect(),
        ..SpanRow::default()
    }
}

/// JSON with words, of which one occurs nowhere else.
fn words(n: u64, bytes: usize) -> String {
    let mut text = format!("{{\"note\":\"unique{n} ");
    let mut state = n;
    while text.len() < bytes {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Words of three to six letters, of which some are frequent and most are rare, as in a language.
        let (rank, mut rest) = ((state >> 40) % 5_000, (state >> 20) % 5_000);
        rest = rest * rank / 5_000 * 7_919 + 1;
        for _ in 0..3 + rest % 4 {
            text.push(char::from(b'a' + u8::try_from(rest % 26).unwrap_or_default()));
            rest = rest / 26 + rank % 3;
        }
        text.push(' ');
    }
    text + "\"}"
}

fn settings(path: &std::path::Path) -> HistorySettings {
    let bytes = 1 << 30;
    HistorySettings { bytes, rows_per_second: u32::MAX, ..HistorySettings::file(path) }
}

/// Waits until what was sent is written, so that the queue loses nothing.
fn flush(history: &History) {
    history.flush().expect("the disk has room");
}

fn rows(name: &str, body_bytes: usize, bytes: u64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("history.db");
    let history = History::open(HistorySettings { bytes, ..settings(&path) }).expect("a history");
    let sender = history.sender();
    let rows = if bytes < 1 << 30 { 200_000 } else { 60_000 };
    let begun = Instant::now();
    for n in 0..rows {
        sender.span_closed(span(u128::from(n / 3) + 1, n, body_bytes));
        if n % 5_000 == 4_999 {
            flush(&history);
        }
    }
    flush(&history);
    let written = begun.elapsed();
    // The index takes 200 bodies a second, so only some of them are in it by now.
    std::thread::sleep(Duration::from_millis(2_200));
    let health = history.health();
    let cpu = health.cpu.unwrap_or_default();
    println!(
        "{name}: {:.1} us CPU and {:.0} bytes per row, {} rows in {written:?}, {} runs removed, {} bodies not indexed yet",
        cpu.as_secs_f64() * 1e6 / rows as f64,
        health.bytes as f64 / rows as f64,
        health.rows_written,
        health.runs_evicted,
        health.search_backlog,
    );
    if body_bytes > 0 && bytes == 1 << 30 {
        let (before, cpu) = (health.search_backlog, cpu);
        std::thread::sleep(Duration::from_secs(10));
        let health = history.health();
        let indexed = before - health.search_backlog;
        let spent = health.cpu.unwrap_or_default().saturating_sub(cpu);
        println!(
            "index: {:.1} us CPU per body of {body_bytes} bytes ({indexed} bodies)",
            spent.as_secs_f64() * 1e6 / indexed as f64
        );
    }
}

fn questions() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("history.db");
    let history = History::open(settings(&path)).expect("a history");
    let sender = history.sender();
    let begun = Instant::now();
    for run in 0..RUNS {
        let trace_id =
            u128::from(run + 1) << 64 | u128::from(run.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for n in 0..3 {
            let body_bytes = if n == 0 { 300 } else { 0 };
            sender.span_closed(span(trace_id, 3 * run + n, body_bytes));
        }
        sender.event(EventRow {
            span: Some(SpanLink { trace_id, span_id: 3 * run + 1 }),
            id: format!("event-{run}"),
            topic: format!("market.price.{}", run % 200),
            ..EventRow::new(EventKind::Published, nanos(std::time::SystemTime::now()))
        });
        if run % 2_000 == 1_999 {
            flush(&history);
        }
    }
    flush(&history);
    println!("{RUNS} runs written in {:?}, {} MiB", begun.elapsed(), history.health().bytes >> 20);
    while history.health().search_backlog > 0 && std::env::var_os("LOOM_BENCH_INDEX").is_some() {
        std::thread::sleep(Duration::from_secs(1));
    }
    println!("{} bodies are not indexed", history.health().search_backlog);
    let reader = history.reader();
    let all = reader.runs(&RunQuery { limit: 500, ..RunQuery::default() }).expect("a page");
    let id = all.runs[300].id;
    let text = |text: &str| RunQuery { text: Some(text.to_owned()), ..RunQuery::default() };
    let some = |text: &str| Some(text.to_owned());
    let queries = [
        ("first page", RunQuery::default()),
        ("agent", RunQuery { agent: some("analyst-7"), ..RunQuery::default() }),
        ("agent that is unknown", RunQuery { agent: some("nobody"), ..RunQuery::default() }),
        ("agents by prefix", RunQuery { agent: some("analyst-*"), ..RunQuery::default() }),
        (
            "agent and tool",
            RunQuery { agent: some("analyst-0"), tool: some("search-10"), ..RunQuery::default() },
        ),
        ("failed", RunQuery { status: Some(RunStatus::Failed), ..RunQuery::default() }),
        ("partial, none", RunQuery { status: Some(RunStatus::Partial), ..RunQuery::default() }),
        (
            "slower than 1 h, none",
            RunQuery { min_duration: Some(Duration::from_secs(3_600)), ..RunQuery::default() },
        ),
        (
            "agent, slow, none",
            RunQuery {
                agent: some("analyst-7"),
                min_duration: Some(Duration::from_secs(3_600)),
                ..RunQuery::default()
            },
        ),
        ("text: id", text(&id.to_string()[..12])),
        ("text: rare word", text("unique299970")),
        ("text: frequent word", text("bbbb")),
        ("text: prefix of three letters", text("baa")),
        ("text: prefix of all", text("unique")),
        ("text: two words", text("bbbb caaa")),
        ("text: none", text("nowhere")),
        ("text: part of an error", text("was refused")),
        ("text: name", text("analyst-4")),
        ("text and agent", RunQuery { agent: some("analyst-7"), ..text("baa") }),
    ];
    for (name, query) in queries {
        time(name, || reader.runs(&query).expect("a page").runs.len());
    }
    time("run by id", || reader.run(id).expect("a run").map_or(0, |run| run.spans.len()));
    time("unknown id", || {
        reader.run(RunId(5)).expect("an answer").map_or(0, |run| run.spans.len())
    });
    time("events, newest", || reader.events(&Default::default()).expect("a page").events.len());
    let range = HistoryRange { since: 0, until: i64::MAX };
    time("overview of everything", || reader.overview(range).expect("an overview").tools.len());
    time("counts", || reader.counts().expect("counts").runs as usize);
}

fn time(name: &str, mut question: impl FnMut() -> usize) {
    let mut times: Vec<(Duration, usize)> = Vec::new();
    for _ in 0..11 {
        let begun = Instant::now();
        let found = question();
        times.push((begun.elapsed(), found));
    }
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{name}: median {:.1} ms, slowest {:.1} ms, {} found",
        ms(times[5].0),
        ms(times[10].0),
        times[5].1
    );
}
