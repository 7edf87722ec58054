//! Agents that the runtime hosts, events sent to one agent, and subscriptions that belong to no agent.

use std::{collections::HashMap, time::Duration};

use futures::{FutureExt as _, StreamExt as _};
use loom_core::{
    CreateAgentError, Envelope, Event, Filter, HostedProfile, Qos, Runtime, RuntimeOptions,
    SendEventError, StreamEnd,
};

use crate::support::{drain, event, publish, register};

fn create(runtime: &Runtime, agent: &str, topics: &[&str]) -> Result<(), CreateAgentError> {
    let topics = topics.iter().map(|&topic| topic.to_owned()).collect();
    runtime.create_agent(agent, topics, HostedProfile::default())
}

fn subscriptions(runtime: &Runtime) -> usize {
    runtime.snapshot().subscriptions
}

#[test]
fn events_are_queued_while_a_created_agent_is_away() {
    let runtime = Runtime::new(RuntimeOptions::default());
    assert_eq!(create(&runtime, "", &[]), Err(CreateAgentError::EmptyId));
    assert_eq!(create(&runtime, "a", &["t", "p.*"]), Ok(()));
    assert_eq!(create(&runtime, "a", &[]), Err(CreateAgentError::Exists("a".to_owned())));
    publish(&runtime, "t", "1");
    let (session, mut outbound) = runtime.open_stream("a".to_owned());
    publish(&runtime, "p.x", "2");
    assert_eq!(drain(&mut outbound), ["t=1", "p.*=2"]);
    session.finish();
    publish(&runtime, "t", "3");
    drop(outbound);

    register(&runtime, "a", &["t", "new"], &[]);
    publish(&runtime, "new", "4");
    publish(&runtime, "p.x", "no longer subscribed");
    let (session, mut outbound) = runtime.open_stream("a".to_owned());
    assert_eq!(drain(&mut outbound), ["t=3", "new=4"]);
    drop((session, outbound));
    publish(&runtime, "t", "5");
    let (_session, mut outbound) = runtime.open_stream("a".to_owned());
    assert_eq!(drain(&mut outbound), ["t=5"], "events are queued after a broken stream too");
}

#[test]
fn queued_events_go_to_the_first_stream_only() {
    let runtime = Runtime::new(RuntimeOptions::default());
    create(&runtime, "a", &["t"]).unwrap();
    publish(&runtime, "t", "1");
    let (_first, mut one) = runtime.open_stream("a".to_owned());
    let (_second, mut two) = runtime.open_stream("a".to_owned());
    publish(&runtime, "t", "2");
    assert_eq!(drain(&mut one), ["t=1", "t=2"]);
    assert_eq!(drain(&mut two), ["t=2"]);
    assert_eq!(subscriptions(&runtime), 2);
}

#[test]
fn a_deleted_agent_leaves_nothing_behind() {
    let runtime = Runtime::new(RuntimeOptions::default());
    create(&runtime, "away", &["t"]).unwrap();
    create(&runtime, "here", &["t"]).unwrap();
    let (session, mut outbound) = runtime.open_stream("here".to_owned());
    for agent in ["away", "here"] {
        assert!(runtime.delete_agent(agent) && !runtime.delete_agent(agent));
    }
    assert_eq!(outbound.next().now_or_never(), Some(None), "the stream is complete");
    drop(session);
    assert_eq!((subscriptions(&runtime), runtime.agents().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_event_goes_to_one_agent_and_its_reply_is_returned() {
    let runtime = Runtime::new(RuntimeOptions::default());
    let send = |agent: &'static str, id: &'static str, ms| {
        let runtime = runtime.clone();
        async move { runtime.send_event(agent, event(id), Duration::from_millis(ms)).await }
    };
    let unknown = SendEventError::UnknownAgent("a".to_owned());
    assert_eq!(send("a", "1", 0).await, Err(unknown));
    register(&runtime, "a", &[], &[]);
    let not_connected = SendEventError::NotConnected("a".to_owned());
    assert_eq!(send("a", "1", 0).await, Err(not_connected));
    create(&runtime, "a", &[]).unwrap();
    assert_eq!(send("a", "1", 0).await, Ok(None));
    assert_eq!(send("a", "", 5).await, Err(SendEventError::MissingId));
    let (session, mut outbound) = runtime.open_stream("a".to_owned());
    assert_eq!(drain(&mut outbound), ["agent.a.events=1"]);

    let sending = tokio::spawn(send("a", "2", 1000));
    assert!(outbound.next().await.is_some());
    let metadata = HashMap::from([("loom.correlation_id".to_owned(), "2".to_owned())]);
    let reply = Event { id: "r".to_owned(), metadata, ..Event::default() };
    session.publish("agent.sender.replies".to_owned(), reply.clone());
    assert_eq!(sending.await.unwrap(), Ok(Some(reply)));
    assert_eq!(send("a", "3", 1000).await, Ok(None), "no reply in time");
}

#[tokio::test]
async fn a_subscription_yields_matching_events_until_it_is_ended() {
    let runtime = Runtime::new(RuntimeOptions::default());
    let filter = Filter { kinds: vec!["k".to_owned()], ..Filter::default() };
    let mut subscription = runtime.subscribe("p.*", Qos::Realtime, filter);
    for (id, kind) in [("1", "k"), ("2", "other"), ("3", "k")] {
        let event = Event { kind: kind.to_owned(), ..event(id) };
        runtime.publish(Envelope::new("p.x".to_owned(), "", event));
    }
    let stats = runtime.topic_stats("p.*");
    assert_eq!((stats.traffic.events, stats.load.subscriptions, stats.load.queued), (3, 1, 2));
    assert_eq!(runtime.topic_stats("").traffic.events, 3);
    assert!(runtime.unsubscribe(&subscription.id()) && !runtime.unsubscribe(&subscription.id()));
    for id in ["1", "3"] {
        assert_eq!(subscription.next().await.unwrap().unwrap().event.id, id);
    }
    assert!(subscription.next().await.is_none());
    drop(subscription);
    assert_eq!(subscriptions(&runtime), 0);
    for id in ["", "sub-", "sub-x", "sub-99"] {
        assert!(!runtime.unsubscribe(id), "{id}");
    }
}

#[tokio::test]
async fn a_slow_subscription_loses_the_oldest_events() {
    let runtime = Runtime::new(RuntimeOptions::default());
    for (qos, kept) in [(Qos::Realtime, 512), (Qos::Batched, 2048), (Qos::Background, 4096)] {
        let mut subscription = runtime.subscribe("t", qos, Filter::default());
        (0..5000).for_each(|n| publish(&runtime, "t", &n.to_string()));
        let mut ids = Vec::new();
        while let Some(Some(Ok(envelope))) = subscription.next().now_or_never() {
            ids.push(envelope.event.id.clone());
        }
        assert_eq!((ids.len(), &*ids[0]), (kept, &*(5000 - kept).to_string()));
    }
}

#[tokio::test]
async fn subscriptions_end_when_the_runtime_stops() {
    let runtime = Runtime::new(RuntimeOptions::default());
    let mut open = runtime.subscribe("t", Qos::Batched, Filter::default());
    runtime.stop("bye");
    let mut late = runtime.subscribe("t", Qos::Batched, Filter::default());
    for subscription in [&mut open, &mut late] {
        let end = StreamEnd::Unavailable("bye".to_owned());
        assert_eq!(subscription.next().await, Some(Err(end)));
        assert_eq!(subscription.next().await, None);
    }
}
