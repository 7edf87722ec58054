//! The runtime as one value: streams, events and calls together.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::StreamExt as _;
use loom_core::{
    Event, Outbound, Outgoing, Runtime, RuntimeOptions, StreamEnd, Tool, ToolCall, ToolFailureKind,
    backlog::QueueItem, directory::Registration,
};
use tokio::time::Instant;

fn register(runtime: &Runtime, agent: &str, topics: &[&str], tools: &[&str]) {
    let tool = |name: &&str| Tool { name: (*name).to_owned(), ..Tool::default() };
    runtime.register(Registration {
        agent: agent.to_owned(),
        topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
        tools: tools.iter().map(tool).collect(),
        metadata: HashMap::new(),
    });
}

fn event(id: &str) -> Event {
    Event { id: id.to_owned(), ..Event::default() }
}

fn call(name: &str, timeout_ms: i64) -> ToolCall {
    let (name, arguments) = (name.to_owned(), "{}".to_owned());
    ToolCall { id: "c".to_owned(), name, arguments, timeout_ms, ..ToolCall::default() }
}

async fn heard(outbound: &mut Outbound) -> String {
    match outbound.next().await {
        None => "end".to_owned(),
        Some(Err(end)) => format!("{end:?}"),
        Some(Ok(Outgoing::Event(QueueItem::Delivery { pattern, envelope }))) => {
            format!("{pattern}={} by {}", envelope.event.id, envelope.sender)
        }
        Some(Ok(other)) => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_stream_hears_what_its_agent_registered_for() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "a", &["t", "p.*"], &[]);
    let (session, mut outbound) = runtime.open("a".to_owned());
    session.publish("t".to_owned(), event("1"));
    session.publish("p.x".to_owned(), event("2"));
    session.finish();
    assert_eq!(heard(&mut outbound).await, "t=1 by a");
    assert_eq!(heard(&mut outbound).await, "p.*=2 by a");
    assert_eq!(heard(&mut outbound).await, "end");
    assert_eq!(runtime.bus.subscriptions(), 0);
    assert_eq!(runtime.directory.agents(), []);
}

#[tokio::test]
async fn a_reader_that_is_gone_ends_its_session() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "a", &["t"], &[]);
    let (session, outbound) = runtime.open("a".to_owned());
    drop(outbound);
    session.over().await;
    drop(session);
    assert_eq!(runtime.bus.subscriptions(), 0);
    let agents = runtime.directory.agents();
    assert_eq!((agents.len(), agents[0].streams), (1, 0), "it may come back");
}

#[tokio::test]
async fn a_stream_that_fails_says_why_before_anything_else() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "a", &["t"], &[]);
    let (session, mut outbound) = runtime.open("a".to_owned());
    session.publish("t".to_owned(), event("1"));
    session.fail("CODE", "why".to_owned(), StreamEnd::Unavailable("come back".to_owned()));
    let trouble = Outgoing::Trouble { code: "CODE", message: "why".to_owned() };
    assert_eq!(heard(&mut outbound).await, format!("{trouble:?}"));
    assert_eq!(heard(&mut outbound).await, "t=1 by a");
    assert_eq!(heard(&mut outbound).await, "Unavailable(\"come back\")");
    assert_eq!(heard(&mut outbound).await, "end");
}

#[tokio::test]
async fn after_a_stop_streams_end_so_that_agents_come_back() {
    let runtime = Runtime::new(RuntimeOptions::default());
    let (_before, mut first) = runtime.open("a".to_owned());
    runtime.stop("bye");
    let (_after, mut second) = runtime.open("b".to_owned());
    for outbound in [&mut first, &mut second] {
        assert_eq!(heard(outbound).await, "Unavailable(\"bye\")");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_as_long_as_it_says_and_half_a_minute_otherwise() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "worker", &[], &["t"]);
    let _stream = runtime.open("worker".to_owned());
    for (timeout_ms, expected) in [(70, 70), (0, 30_000), (-1, 30_000), (90_000, 90_000)] {
        let start = Instant::now();
        let failure = runtime.call(call("t", timeout_ms)).await.unwrap_err();
        assert_eq!(failure.kind, ToolFailureKind::Timeout);
        let waited = start.elapsed();
        let (least, most) = (Duration::from_millis(expected), Duration::from_millis(expected + 5));
        assert!(least <= waited && waited <= most, "{timeout_ms}: {waited:?}");
    }
}

#[tokio::test]
async fn a_call_is_answered_by_the_stream_that_was_asked() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "worker", &[], &["t"]);
    let (session, mut outbound) = runtime.open("worker".to_owned());
    let caller = tokio::spawn({
        let runtime = Arc::clone(&runtime);
        async move { runtime.call(call("t", 0)).await }
    });
    let Some(Ok(Outgoing::Call(asked))) = outbound.next().await else { panic!("no call") };
    session.answer(&asked.id, Ok("1".to_owned()));
    assert_eq!(caller.await.unwrap(), Ok("1".to_owned()));
}

#[tokio::test]
async fn calls_that_cannot_be_carried_out() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "away", &[], &["t"]);
    let failure =
        runtime.call(ToolCall { arguments: String::new(), ..call("x", 0) }).await.unwrap_err();
    assert_eq!(
        (failure.kind, &*failure.code),
        (ToolFailureKind::InvalidArguments, "INVALID_ARGUMENTS")
    );
    let failure = runtime.call(call("x", 0)).await.unwrap_err();
    assert_eq!((failure.kind, &*failure.message), (ToolFailureKind::NotFound, "Tool not found: x"));
    let failure = runtime.call(call("t", 0)).await.unwrap_err();
    assert_eq!((failure.kind, &*failure.code), (ToolFailureKind::Execution, "EXECUTION_ERROR"));
}

#[tokio::test]
async fn a_reader_that_sleeps_does_not_stop_a_publisher() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "sleeper", &["t"], &[]);
    register(&runtime, "reader", &["t"], &[]);
    let (_sleeping, mut sleeper) = runtime.open("sleeper".to_owned());
    let (session, mut reader) = runtime.open("reader".to_owned());
    for n in 0..3000 {
        session.publish("t".to_owned(), event(&n.to_string()));
        assert_eq!(heard(&mut reader).await, format!("t={n} by reader"));
    }
    let lost = Outgoing::Event(QueueItem::Lost { pattern: "t".into(), count: 3000 - 2048 });
    assert_eq!(heard(&mut sleeper).await, format!("{lost:?}"));
    assert_eq!(heard(&mut sleeper).await, "t=952 by reader");
}
