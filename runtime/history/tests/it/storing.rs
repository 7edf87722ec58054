//! Rows come back as they were, redacted and cut.

use std::time::Duration;

use bytes::Bytes;
use loom_history::{
    BodyKind, BodyRow, EventQuery, EventRow, History, HistorySettings, LogQuery, LogRow,
    ModelPrices, RunId, RunStatus, SpanLink, SpanOutcome, SpanRow, TokenPrice,
};

use crate::fixture::{body, failed, file, published, recent, runs, settings, span};

fn full_span(start: i64) -> SpanRow {
    SpanRow {
        trace_id: 0xab,
        span_id: u64::MAX,
        parent: Some(2),
        name: "llm.generate".into(),
        start,
        duration: Duration::from_millis(1_500),
        outcome: SpanOutcome::Error,
        error: Some("refused".to_owned()),
        error_type: Some("timeout".to_owned()),
        agent: Some("analyst".to_owned()),
        topic: Some("market.price".to_owned()),
        tool: Some("search".to_owned()),
        model: Some("model-1".to_owned()),
        provider: Some("acme".to_owned()),
        input_tokens: Some(1_000_000),
        output_tokens: Some(500_000),
        first_token: Some(Duration::from_millis(200)),
        finish_reason: Some("stop".to_owned()),
        correlation_id: Some("c-1".to_owned()),
        conversation: Some("thread-1".to_owned()),
        links: vec![SpanLink { trace_id: 0xcd, span_id: 7 }],
        attributes: vec![
            ("server.address".into(), "host".to_owned()),
            ("http.request.header.authorization".into(), "Bearer hunter2".to_owned()),
        ],
        bodies: vec![
            body(BodyKind::InputMessages, r#"[{"role":"user","api_key":"hunter2"}]"#),
            BodyRow {
                kind: BodyKind::Output,
                content_type: "text/plain".into(),
                content: Bytes::from("x".repeat(200)),
            },
        ],
        is_secret: false,
    }
}

#[test]
fn a_span_comes_back_with_everything_that_is_known_of_it() {
    let (_folder, path) = file();
    let all = Some(TokenPrice { input: 2.0, output: 4.0 });
    let prices = [("acme".to_owned(), ModelPrices { all, ..ModelPrices::default() })].into();
    let settings = HistorySettings { prices, body_bytes: 100, ..settings(&path) };
    let history = History::open(settings).unwrap();
    let start = recent();
    history.sender().span_closed(full_span(start));
    history.flush().unwrap();
    let detail = history.reader().run(RunId(0xab)).unwrap().unwrap();
    let run = &detail.run;
    assert_eq!(
        (run.trigger.as_deref(), &*run.agents),
        (Some("market.price"), &["analyst".to_owned()][..])
    );
    assert_eq!((run.tokens, run.cost, run.errors, run.spans), (1_500_000, Some(4.0), 1, 1));
    assert_eq!((run.error.as_deref(), run.status), (Some("refused"), RunStatus::Running));
    assert_eq!((run.started_at, run.duration), (start, Duration::from_millis(1_500)));
    let mut json = serde_json::to_value(&detail).unwrap();
    let bodies = json["span_list"][0]["bodies"].take();
    assert_eq!(
        json["span_list"][0],
        serde_json::json!({
            "trace_id": "000000000000000000000000000000ab",
            "span_id": "ffffffffffffffff",
            "parent_span_id": "0000000000000002",
            "name": "llm.generate",
            "start_time": start,
            "duration": 1_500_000_000,
            "status": "error",
            "error_message": "refused",
            "error_type": "timeout",
            "agent": "analyst",
            "topic": "market.price",
            "tool": "search",
            "model": "model-1",
            "provider": "acme",
            "input_tokens": 1_000_000,
            "output_tokens": 500_000,
            "cost": 4.0,
            "first_token": 200_000_000,
            "finish_reason": "stop",
            "correlation_id": "c-1",
            "links": [{ "trace_id": "000000000000000000000000000000cd", "span_id": "0000000000000007" }],
            "attributes": { "server.address": "host", "http.request.header.authorization": "***" },
            "bodies": null,
        })
    );
    let ids = [bodies[0]["id"].clone(), bodies[1]["id"].clone()];
    assert_eq!(
        bodies,
        serde_json::json!([
            {
                "id": ids[0],
                "kind": "input_messages",
                "content_type": "",
                "length": 37,
                "kept": 33,
                "is_cut": false,
                "redacted": ["api_key"],
                "text": r#"[{"role":"user","api_key":"***"}]"#,
                "is_beginning": false,
            },
            {
                "id": ids[1],
                "kind": "output",
                "content_type": "text/plain",
                "length": 200,
                "kept": 100,
                "is_cut": true,
                "redacted": [],
                "text": "x".repeat(100),
                "is_beginning": false,
            },
        ])
    );
}

#[test]
fn a_long_body_is_shown_in_part_and_read_in_full() {
    let history = History::open(HistorySettings::memory()).unwrap();
    let long = "ä".repeat(10_000);
    let bodies = vec![body(BodyKind::Input, long.clone())];
    history.sender().span_closed(SpanRow { bodies, ..span(1, 1) });
    history.flush().unwrap();
    let detail = history.reader().run(RunId(1)).unwrap().unwrap();
    let shown = &detail.spans[0].bodies[0];
    assert_eq!((shown.text.len(), shown.is_beginning, shown.is_cut), (4_096, true, false));
    let all = history.reader().body(shown.id).unwrap().unwrap();
    assert_eq!((all.text == long, all.is_beginning), (true, false));
    assert_eq!(history.reader().body(shown.id + 1).unwrap(), None);
}

#[test]
fn events_and_lines_are_read_page_by_page_into_the_past() {
    let history = History::open(HistorySettings::memory()).unwrap();
    let sender = history.sender();
    for n in 1..=5 {
        let payload = Bytes::from(format!(r#"{{"password":"hunter2","n":{n}}}"#));
        let metadata =
            vec![("token".to_owned(), "hunter2".to_owned()), ("a".to_owned(), "b".to_owned())];
        sender.event(EventRow { payload, metadata, ..published(7, n, &format!("t.{}", n % 2)) });
    }
    sender.log(LogRow {
        at: recent(),
        span: Some(SpanLink { trace_id: 7, span_id: 1 }),
        level: "warn".into(),
        target: "loom_core".into(),
        message: "careful".to_owned(),
    });
    history.flush().unwrap();
    let reader = history.reader();
    let mut query = EventQuery { limit: 2, run: Some(RunId(7)), ..EventQuery::default() };
    let mut pages = Vec::new();
    loop {
        let page = reader.events(&query).unwrap();
        pages.push(page.events.iter().map(|event| event.event_id.clone()).collect::<Vec<_>>());
        query.before = page.next;
        if page.next.is_none() {
            break;
        }
    }
    assert_eq!(pages, [vec!["event-5", "event-4"], vec!["event-3", "event-2"], vec!["event-1"]]);
    let even = EventQuery { topic: Some("t.0*".to_owned()), ..EventQuery::default() };
    let page = reader.events(&even).unwrap();
    assert_eq!(page.events.len(), 2);
    assert_eq!(page.events[0].payload_preview, r#"{"password":"***","n":4}"#);
    let metadata = serde_json::to_string(&page.events[0].metadata).unwrap();
    assert_eq!(metadata, r#"{"a":"b","token":"***"}"#);
    let lines =
        reader.logs(&LogQuery { run: Some(RunId(7)), ..LogQuery::default() }).unwrap().lines;
    assert_eq!((lines.len(), &*lines[0].message, lines[0].run), (1, "careful", Some(RunId(7))));
    assert_eq!(runs(&history, &Default::default())[0].events, 5);
}

#[test]
fn without_content_neither_bodies_nor_previews_are_kept() {
    let settings = HistorySettings { content: false, ..HistorySettings::memory() };
    let history = History::open(settings).unwrap();
    assert!(!history.sender().keeps_content());
    let bodies = vec![body(BodyKind::Input, "hunter2")];
    history.sender().span_closed(SpanRow { bodies, ..span(1, 1) });
    let payload = Bytes::from_static(b"hunter2");
    history.sender().event(EventRow { payload, ..published(1, 1, "t") });
    history.flush().unwrap();
    let reader = history.reader();
    assert_eq!(reader.run(RunId(1)).unwrap().unwrap().spans[0].bodies, []);
    assert_eq!(reader.events(&EventQuery::default()).unwrap().events[0].payload_preview, "");
}

#[test]
fn what_was_written_is_there_when_the_file_is_opened_again() {
    let (_folder, path) = file();
    for n in 1..=3 {
        let history = History::open(settings(&path)).unwrap();
        history.sender().span_opened(n, 1);
        history.sender().span_closed(failed(n, 2, "no"));
        if n == 2 {
            history.sender().span_closed(span(n, 1));
        }
    }
    let history = History::open(settings(&path)).unwrap();
    let all = runs(&history, &Default::default());
    let expected = [(3, RunStatus::Partial), (2, RunStatus::Failed), (1, RunStatus::Partial)];
    assert_eq!(all.iter().map(|run| (run.id.0, run.status)).collect::<Vec<_>>(), expected);
    // A late span opens its run again.
    history.sender().span_closed(span(1, 1));
    let all = runs(&history, &Default::default());
    assert_eq!((all[2].id.0, all[2].spans, all[2].status), (1, 2, RunStatus::Running));
    assert_eq!(history.health().rows_written, 1);
}
