//! What came into a run goes out again, or is refused by name.

use bytes::Bytes;
use loom_history::{
    BodyKind, BodyRow, EventRow, History, HistorySettings, RunExport, RunId, SpanRow,
};

use crate::fixture::{body, published, recent, span};

fn publish(history: &History, at: i64, span_id: u64, parent: Option<u64>, payload: &[u8]) {
    let input: BodyRow = body(BodyKind::Input, payload);
    let output = body(BodyKind::Output, "not this one");
    history.sender().span_closed(SpanRow {
        parent,
        bodies: vec![output, input],
        ..span(1, span_id)
    });
    history.sender().event(EventRow {
        at,
        event_type: "json".to_owned(),
        payload: Bytes::copy_from_slice(payload),
        metadata: vec![
            ("traceparent".to_owned(), "00-1-1-01".to_owned()),
            ("auth_token".to_owned(), "hunter2".to_owned()),
            ("thread_id".to_owned(), "t-1".to_owned()),
        ],
        ..published(1, span_id, &format!("topic.{span_id}"))
    });
}

fn history() -> History {
    let settings = HistorySettings { body_bytes: 64, ..HistorySettings::memory() };
    History::open(settings).unwrap()
}

#[test]
fn the_events_that_came_from_outside_are_exported_with_their_gaps() {
    let history = history();
    let start = recent();
    publish(&history, start, 1, None, b"{\"n\":1}");
    // Published by an agent while it handled the first, so the run makes it again.
    publish(&history, start + 1_000_000, 2, Some(1), b"{\"n\":2}");
    // The parent is a span of another process.
    publish(&history, start + 2_500_000, 3, Some(99), b"\xff\x00");
    history.flush().unwrap();
    let export = history.reader().export(RunId(1)).unwrap();
    let json = serde_json::to_value(&export).unwrap();
    assert_eq!((json["schema"].as_u64(), json["run"].as_str().unwrap().len()), (Some(1), 32));
    assert_eq!(
        json["events"],
        serde_json::json!([
            { "topic": "topic.1", "type": "json", "metadata": { "thread_id": "t-1" }, "payload": "{\"n\":1}", "gap_ms": 0.0 },
            { "topic": "topic.3", "type": "json", "metadata": { "thread_id": "t-1" }, "payload_hex": "ff00", "gap_ms": 2.5 },
        ])
    );
    assert_eq!(serde_json::from_value::<RunExport>(json).unwrap(), export);
}

#[test]
fn payloads_that_are_not_complete_are_refused_by_name() {
    for (payload, message) in [
        (
            &b"{\"password\":\"p\"}"[..],
            "values of event event-2 on topic.2 were redacted: password",
        ),
        (&[b'x'; 65], "only the first 64 of 65 bytes of event event-2 on topic.2 were kept"),
    ] {
        let history = history();
        publish(&history, recent(), 1, None, b"{}");
        publish(&history, recent(), 2, None, payload);
        history.flush().unwrap();
        assert_eq!(history.reader().export(RunId(1)).unwrap_err().to_string(), message);
    }
    let history = history();
    history.sender().span_closed(span(1, 1));
    history.sender().event(published(1, 1, "topic.1"));
    history.sender().span_closed(span(2, 1));
    history.flush().unwrap();
    let refused = |run| history.reader().export(RunId(run)).unwrap_err().to_string();
    assert_eq!(refused(1), "the payload of event event-1 on topic.1 was not kept");
    assert!(refused(2).starts_with("the history holds no event that run"), "{}", refused(2));
    assert!(refused(3).starts_with("the history holds no run 000"), "{}", refused(3));
}
