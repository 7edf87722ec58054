//! Agents that live in the runtime, events sent to one of them, and subscriptions of those who are no agents.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::{FutureExt as _, StreamExt as _};
use loom_core::{
    Envelope, Event, Filter, HostedProfile, Outbound, Outgoing, Qos, Runtime, RuntimeOptions,
    StreamEnd,
    backlog::QueueItem,
    directory::Registration,
    hosted::{CreateError, SendError},
};

fn event(id: &str) -> Event {
    Event { id: id.to_owned(), ..Event::default() }
}

fn publish(runtime: &Runtime, topic: &str, id: &str) {
    runtime.publish(Envelope::new(topic.to_owned(), "", event(id)));
}

fn create(runtime: &Runtime, agent: &str, topics: &[&str]) -> Result<(), CreateError> {
    let topics = topics.iter().map(|&topic| topic.to_owned()).collect();
    runtime.create(agent, topics, HostedProfile::default())
}

fn register(runtime: &Runtime, agent: &str, topics: &[&str]) {
    let topics = topics.iter().map(|&topic| topic.to_owned()).collect();
    let registration = Registration { agent: agent.to_owned(), topics, ..Registration::default() };
    runtime.register(registration);
}

/// What the stream says now, without waiting.
fn heard(outbound: &mut Outbound) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(Some(said)) = outbound.next().now_or_never() {
        all.push(match said {
            Ok(Outgoing::Event(QueueItem::Delivery { pattern, envelope })) => {
                format!("{pattern}={}", envelope.event.id)
            }
            other => format!("{other:?}"),
        });
    }
    all
}

#[test]
fn what_is_published_while_a_created_agent_is_away_waits_for_it() {
    let runtime = Runtime::new(RuntimeOptions::default());
    assert_eq!(create(&runtime, "", &[]), Err(CreateError::NoName));
    assert_eq!(create(&runtime, "a", &["t", "p.*"]), Ok(()));
    assert_eq!(create(&runtime, "a", &[]), Err(CreateError::Exists("a".to_owned())));
    publish(&runtime, "t", "1");
    let (session, mut outbound) = runtime.open("a".to_owned());
    publish(&runtime, "p.x", "2");
    assert_eq!(heard(&mut outbound), ["t=1", "p.*=2"]);
    session.finish();
    publish(&runtime, "t", "3");
    drop(outbound);

    register(&runtime, "a", &["t", "new"]);
    publish(&runtime, "new", "4");
    publish(&runtime, "p.x", "not any more");
    let (session, mut outbound) = runtime.open("a".to_owned());
    assert_eq!(heard(&mut outbound), ["t=3", "new=4"]);
    drop((session, outbound));
    publish(&runtime, "t", "5");
    let (_session, mut outbound) = runtime.open("a".to_owned());
    assert_eq!(heard(&mut outbound), ["t=5"], "a broken stream parks too");
}

#[test]
fn a_second_stream_hears_beside_the_first_and_what_waited_is_told_once() {
    let runtime = Runtime::new(RuntimeOptions::default());
    create(&runtime, "a", &["t"]).unwrap();
    publish(&runtime, "t", "1");
    let (_first, mut one) = runtime.open("a".to_owned());
    let (_second, mut two) = runtime.open("a".to_owned());
    publish(&runtime, "t", "2");
    assert_eq!(
        (heard(&mut one), heard(&mut two)),
        (vec!["t=1".into(), "t=2".into()], vec!["t=2".into()])
    );
    assert_eq!(runtime.bus.subscriptions(), 2);
}

#[test]
fn a_deleted_agent_leaves_nothing_behind() {
    let runtime = Runtime::new(RuntimeOptions::default());
    create(&runtime, "away", &["t"]).unwrap();
    create(&runtime, "here", &["t"]).unwrap();
    let (session, mut outbound) = runtime.open("here".to_owned());
    for agent in ["away", "here"] {
        assert!(runtime.delete(agent) && !runtime.delete(agent));
    }
    assert_eq!(outbound.next().now_or_never(), Some(None), "it ends well");
    drop(session);
    assert_eq!((runtime.bus.subscriptions(), runtime.directory.agents().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_event_goes_to_one_agent_and_its_reply_comes_back() {
    let runtime = Runtime::new(RuntimeOptions::default());
    let send = |agent: &'static str, id: &'static str, ms| {
        let runtime = Arc::clone(&runtime);
        async move { runtime.send(agent, event(id), Duration::from_millis(ms)).await }
    };
    assert_eq!(send("a", "1", 0).await, Err(SendError::Unknown("a".to_owned())));
    register(&runtime, "a", &[]);
    assert_eq!(send("a", "1", 0).await, Err(SendError::Away("a".to_owned())));
    create(&runtime, "a", &[]).unwrap();
    assert_eq!(send("a", "1", 0).await, Ok(None));
    assert_eq!(send("a", "", 5).await, Err(SendError::NoId));
    let (session, mut outbound) = runtime.open("a".to_owned());
    assert_eq!(heard(&mut outbound), ["agent.a.events=1"]);

    let asked = tokio::spawn(send("a", "2", 1000));
    assert!(outbound.next().await.is_some());
    let note = HashMap::from([("loom.correlation_id".to_owned(), "2".to_owned())]);
    let reply = Event { id: "r".to_owned(), metadata: note, ..Event::default() };
    session.publish("agent.somebody.replies".to_owned(), reply.clone());
    assert_eq!(asked.await.unwrap(), Ok(Some(reply)));
    assert_eq!(send("a", "3", 1000).await, Ok(None), "no reply in time");
}

#[tokio::test]
async fn a_subscription_hears_what_it_asked_for_until_it_is_ended() {
    let runtime = Runtime::new(RuntimeOptions::default());
    let filter = Filter { kinds: vec!["k".to_owned()], ..Filter::default() };
    let mut subscription = runtime.subscribe("p.*", Qos::Realtime, filter);
    for (id, kind) in [("1", "k"), ("2", "other"), ("3", "k")] {
        let event = Event { kind: kind.to_owned(), ..event(id) };
        runtime.publish(Envelope::new("p.x".to_owned(), "", event));
    }
    let stats = runtime.stats("p.*");
    assert_eq!((stats.traffic.events, stats.demand.subscriptions, stats.demand.waiting), (3, 1, 2));
    assert_eq!(runtime.stats("").traffic.events, 3);
    assert!(runtime.unsubscribe(&subscription.id()) && !runtime.unsubscribe(&subscription.id()));
    for id in ["1", "3"] {
        assert_eq!(subscription.next().await.unwrap().unwrap().event.id, id);
    }
    assert!(subscription.next().await.is_none());
    drop(subscription);
    assert_eq!(runtime.bus.subscriptions(), 0);
    for id in ["", "sub-", "sub-x", "sub-99"] {
        assert!(!runtime.unsubscribe(id), "{id}");
    }
}

#[tokio::test]
async fn subscriptions_end_with_the_runtime_and_their_slow_readers_lose_the_oldest() {
    let runtime = Runtime::new(RuntimeOptions::default());
    for (qos, kept) in [(Qos::Realtime, 512), (Qos::Batched, 2048), (Qos::Background, 4096)] {
        let mut subscription = runtime.subscribe("t", qos, Filter::default());
        (0..5000).for_each(|n| publish(&runtime, "t", &n.to_string()));
        let mut all = Vec::new();
        while let Some(Some(Ok(envelope))) = subscription.next().now_or_never() {
            all.push(envelope.event.id.clone());
        }
        assert_eq!((all.len(), &*all[0]), (kept, &*(5000 - kept).to_string()));
    }
    runtime.stop("bye");
    let mut late = runtime.subscribe("t", Qos::Batched, Filter::default());
    assert_eq!(late.next().await, Some(Err(StreamEnd::Unavailable("bye".to_owned()))));
    assert_eq!(late.next().await, None);
}
