//! The runtime as one value: streams, events and calls together.

use std::time::Duration;

use futures::StreamExt as _;
use loom_core::{
    Outgoing, QueueItem, Runtime, RuntimeOptions, StreamEnd, ToolCall, ToolFailureKind,
};
use tokio::time::Instant;

use crate::support::{event, next, register};

fn call(name: &str, timeout_ms: i64) -> ToolCall {
    ToolCall {
        id: "c".to_owned(),
        name: name.to_owned(),
        arguments: "{}".to_owned(),
        timeout_ms,
        ..ToolCall::default()
    }
}

#[tokio::test]
async fn a_stream_gets_the_events_of_the_agents_topics() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "a", &["t", "p.*"], &[]);
    let (session, mut outbound) = runtime.open_stream("a".to_owned());
    session.publish("t".to_owned(), event("1"));
    session.publish("p.x".to_owned(), event("2"));
    session.finish();
    assert_eq!(next(&mut outbound).await, "t=1 by a");
    assert_eq!(next(&mut outbound).await, "p.*=2 by a");
    assert_eq!(next(&mut outbound).await, "end");
    assert_eq!(runtime.snapshot().subscriptions, 0);
    assert_eq!(runtime.agents(), []);
}

#[tokio::test]
async fn a_dropped_reader_ends_the_session() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "a", &["t"], &[]);
    let (session, outbound) = runtime.open_stream("a".to_owned());
    drop(outbound);
    session.closed().await;
    drop(session);
    assert_eq!(runtime.snapshot().subscriptions, 0);
    let agents = runtime.agents();
    assert_eq!((agents.len(), agents[0].streams), (1, 0), "the agent may reconnect");
}

#[tokio::test]
async fn a_failed_stream_reports_the_error_before_anything_else() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "a", &["t"], &[]);
    let (session, mut outbound) = runtime.open_stream("a".to_owned());
    session.publish("t".to_owned(), event("1"));
    session.fail("CODE", "why".to_owned(), StreamEnd::Unavailable("come back".to_owned()));
    let error = Outgoing::Error { code: "CODE", message: "why".to_owned() };
    assert_eq!(next(&mut outbound).await, format!("{error:?}"));
    assert_eq!(next(&mut outbound).await, "t=1 by a");
    assert_eq!(next(&mut outbound).await, "Unavailable(\"come back\")");
    assert_eq!(next(&mut outbound).await, "end");
}

#[tokio::test]
async fn streams_end_as_unavailable_when_the_runtime_stops() {
    let runtime = Runtime::new(RuntimeOptions::default());
    let (_before, mut first) = runtime.open_stream("a".to_owned());
    runtime.stop("bye");
    let (_after, mut second) = runtime.open_stream("b".to_owned());
    for outbound in [&mut first, &mut second] {
        assert_eq!(next(outbound).await, "Unavailable(\"bye\")");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_its_timeout_or_for_the_default_one() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "worker", &[], &["t"]);
    let _stream = runtime.open_stream("worker".to_owned());
    for (timeout_ms, expected) in [(70, 70), (0, 30_000), (-1, 30_000), (90_000, 90_000)] {
        let start = Instant::now();
        let failure = runtime.call_tool(call("t", timeout_ms)).await.unwrap_err();
        assert_eq!(failure.kind, ToolFailureKind::Timeout);
        let waited = start.elapsed();
        let range = Duration::from_millis(expected)..=Duration::from_millis(expected + 5);
        assert!(range.contains(&waited), "{timeout_ms}: {waited:?}");
    }
}

#[tokio::test]
async fn a_call_is_completed_by_the_stream_that_it_was_sent_to() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "worker", &[], &["t"]);
    let (session, mut outbound) = runtime.open_stream("worker".to_owned());
    let caller = tokio::spawn({
        let runtime = runtime.clone();
        async move { runtime.call_tool(call("t", 0)).await }
    });
    let Some(Ok(Outgoing::ToolCall(received))) = outbound.next().await else { panic!("no call") };
    session.complete_call(&received.id, Ok("1".to_owned()));
    assert_eq!(caller.await.unwrap(), Ok("1".to_owned()));
}

#[tokio::test]
async fn calls_that_cannot_be_executed_have_distinct_failures() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "away", &[], &["t"]);
    let no_json = ToolCall { arguments: String::new(), ..call("x", 0) };
    let failure = runtime.call_tool(no_json).await.unwrap_err();
    assert_eq!(failure.kind, ToolFailureKind::InvalidArguments);
    assert_eq!(failure.code, "INVALID_ARGUMENTS");
    let failure = runtime.call_tool(call("x", 0)).await.unwrap_err();
    assert_eq!((failure.kind, &*failure.message), (ToolFailureKind::NotFound, "Tool not found: x"));
    let failure = runtime.call_tool(call("t", 0)).await.unwrap_err();
    assert_eq!((failure.kind, &*failure.code), (ToolFailureKind::Execution, "EXECUTION_ERROR"));
}

#[tokio::test]
async fn a_slow_reader_does_not_block_a_publisher() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "slow", &["t"], &[]);
    register(&runtime, "reader", &["t"], &[]);
    let (_slow_session, mut slow) = runtime.open_stream("slow".to_owned());
    let (session, mut reader) = runtime.open_stream("reader".to_owned());
    for n in 0..3000 {
        session.publish("t".to_owned(), event(&n.to_string()));
        assert_eq!(next(&mut reader).await, format!("t={n} by reader"));
    }
    let dropped = Outgoing::Event(QueueItem::Dropped { pattern: "t".into(), count: 3000 - 2048 });
    assert_eq!(next(&mut slow).await, format!("{dropped:?}"));
    assert_eq!(next(&mut slow).await, "t=952 by reader");
}
