//! The place of events and calls in traces.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use futures::{FutureExt as _, StreamExt as _};
use loom_core::{
    AgentChange, CallContent, Envelope, Event, EventRecorder, EventSpan, EventSpanKind,
    OutboundStream, Outgoing, QueueItem, Runtime, RuntimeOptions, ToolCall, TraceContext,
};

use crate::support::{event, register};

/// A kept span: name, topic, context and parent.
type KeptSpan = (&'static str, String, TraceContext, Option<TraceContext>);

/// Keeps the spans of events.
#[derive(Debug)]
struct KeptSpans {
    admits: AtomicBool,
    spans: Mutex<Vec<KeptSpan>>,
}

impl EventRecorder for KeptSpans {
    fn admit(&self) -> bool {
        self.admits.load(Ordering::Relaxed)
    }

    fn record_content(&self, _: CallContent<'_>) {}

    fn preview(&self, payload: &[u8]) -> String {
        format!("preview of {}", String::from_utf8_lossy(payload))
    }

    fn record_agent(&self, _: AgentChange, _: &str) {}

    fn record(&self, span: EventSpan<'_>) {
        let name = match span.kind {
            EventSpanKind::Publish => "publish",
            EventSpanKind::Deliver { .. } => "deliver",
        };
        let topic = span.envelope.topic.clone();
        self.spans.lock().unwrap().push((name, topic, span.context, span.parent));
    }
}

impl KeptSpans {
    fn of(&self, name: &str, topic: &str) -> (TraceContext, Option<TraceContext>) {
        let spans = self.spans.lock().unwrap();
        let found = spans.iter().find(|(n, t, ..)| *n == name && t == topic);
        found.map(|(_, _, context, parent)| (*context, *parent)).unwrap()
    }
}

fn runtime(admits: bool) -> (Runtime, Arc<KeptSpans>) {
    let kept = Arc::new(KeptSpans { admits: admits.into(), spans: Mutex::default() });
    let event_recorder = Some(Arc::clone(&kept) as _);
    (Runtime::new(RuntimeOptions { event_recorder, ..RuntimeOptions::default() }), kept)
}

fn publish(runtime: &Runtime, topic: &str, id: &str, metadata: &[(&str, &str)]) {
    let metadata = metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    runtime.publish(Envelope::new(topic.to_owned(), "", Event { metadata, ..event(id) }));
}

fn delivered(outbound: &mut OutboundStream) -> Option<TraceContext> {
    match outbound.next().now_or_never() {
        Some(Some(Ok(Outgoing::Event(QueueItem::Delivery { trace, .. })))) => trace,
        other => panic!("expected a delivery, got {other:?}"),
    }
}

#[test]
fn observers_see_the_recorder_s_preview_and_none_of_what_is_secret() {
    let (runtime, _) = runtime(true);
    let mut observer = runtime.observe();
    for secret in ["false", "true"] {
        let metadata = [("loom.secret".to_owned(), secret.to_owned())].into();
        let event = Event { metadata, payload: "x".into(), ..event("1") };
        runtime.publish(Envelope::new("t".to_owned(), "", event));
    }
    let previews = [(); 2].map(|()| observer.try_recv().unwrap().preview.clone());
    assert_eq!(previews, ["preview of x", ""]);
}

#[test]
fn what_an_agent_publishes_in_a_delivery_s_name_is_its_child() {
    let (runtime, kept) = runtime(true);
    register(&runtime, "a", &["price"], &[]);
    let (_session, mut outbound) = runtime.open_stream("a".to_owned());
    publish(&runtime, "price", "1", &[]);
    let delivery = delivered(&mut outbound).unwrap();
    publish(&runtime, "analysis", "2", &[("traceparent", &delivery.to_string())]);

    let (root, none) = kept.of("publish", "price");
    assert_eq!((none, root.sampled), (None, true));
    assert_eq!(kept.of("deliver", "price"), (delivery, Some(root)));
    let (child, parent) = kept.of("publish", "analysis");
    assert_eq!(parent, Some(delivery));
    assert_eq!([delivery.trace_id, child.trace_id], [root.trace_id; 2]);
}

#[test]
fn an_answer_by_correlation_belongs_to_the_trace_of_its_question() {
    let (runtime, kept) = runtime(true);
    publish(&runtime, "question", "q", &[("thread_id", "talk")]);
    publish(&runtime, "answer", "a", &[("correlation_id", "q"), ("thread_id", "talk")]);
    publish(&runtime, "other", "o", &[("correlation_id", "unknown"), ("thread_id", "talk")]);
    let (question, _) = kept.of("publish", "question");
    assert_eq!(kept.of("publish", "answer").1, Some(question));
    let (other, parent) = kept.of("publish", "other");
    assert!(parent.is_none() && other.trace_id != question.trace_id);
}

#[test]
fn whether_a_trace_is_recorded_is_decided_where_it_begins() {
    let (runtime, kept) = runtime(false);
    register(&runtime, "a", &["first"], &[]);
    let (_session, mut outbound) = runtime.open_stream("a".to_owned());
    publish(&runtime, "first", "1", &[]);
    let delivery = delivered(&mut outbound).unwrap();
    let elsewhere = TraceContext::root(true);
    publish(&runtime, "from-elsewhere", "2", &[("traceparent", &elsewhere.to_string())]);
    // From now on there would be room, and the agent claims that its trace is recorded.
    kept.admits.store(true, Ordering::Relaxed);
    for (topic, trace) in [("second", delivery), ("third", elsewhere)] {
        let claim = TraceContext { sampled: true, ..trace }.to_string();
        publish(&runtime, topic, topic, &[("traceparent", &claim)]);
    }
    for topic in ["first", "from-elsewhere", "second", "third"] {
        assert!(!kept.of("publish", topic).0.sampled, "{topic}");
    }
    publish(&runtime, "new", "n", &[]);
    assert!(kept.of("publish", "new").0.sampled);
}

#[tokio::test]
async fn the_call_that_an_agent_gets_names_its_span() {
    let (runtime, kept) = runtime(true);
    register(&runtime, "a", &[], &["tool"]);
    let (session, mut outbound) = runtime.open_stream("a".to_owned());
    publish(&runtime, "question", "q", &[]);
    let call = ToolCall {
        name: "tool".to_owned(),
        arguments: "{}".to_owned(),
        correlation_id: "q".to_owned(),
        ..ToolCall::default()
    };
    let (_, pushed) = tokio::join!(runtime.call_tool(call), async {
        let Some(Ok(Outgoing::ToolCall(call))) = outbound.next().await else {
            panic!("expected a call");
        };
        session.complete_call(&call.id, Ok("1".to_owned()));
        call
    });
    let context: TraceContext = pushed.headers["traceparent"].parse().unwrap();
    assert_eq!(context.trace_id, kept.of("publish", "question").0.trace_id);
}

#[test]
fn without_a_recorder_the_publisher_s_context_is_passed_on() {
    let runtime = Runtime::new(RuntimeOptions::default());
    register(&runtime, "a", &["t"], &[]);
    let (_session, mut outbound) = runtime.open_stream("a".to_owned());
    publish(&runtime, "t", "1", &[]);
    assert_eq!(delivered(&mut outbound), None);
    let context = TraceContext::root(true);
    publish(&runtime, "t", "2", &[("traceparent", &context.to_string())]);
    assert_eq!(delivered(&mut outbound), Some(context));
}
