//! Tests of the directory: agents that register, leave and come back.

use super::*;

fn register(directory: &Directory, agent: &str, topics: &[&str], now: Instant) {
    let topics = topics.iter().map(|&topic| topic.to_owned()).collect();
    let registration = Registration { agent: agent.to_owned(), topics, ..Registration::default() };
    directory.register(registration, None, now);
}

fn open(directory: &Directory, agent: &str, now: Instant) -> (StreamId, StreamOpening) {
    let stream = directory.next_stream();
    (stream, directory.open(agent, stream, &Arc::default(), now))
}

fn topics(opening: &StreamOpening) -> Vec<&str> {
    opening.topics.iter().map(|topic| &**topic).collect()
}

#[test]
fn registering_again_replaces_topics() {
    let directory = Directory::default();
    let now = Instant::now();
    register(&directory, "a", &["x"], now);
    register(&directory, "a", &["y", "y"], now);
    let opening = open(&directory, "a", now).1;
    assert_eq!(topics(&opening), ["y", "y"]);
}

#[test]
fn half_closing_the_last_stream_unregisters() {
    let directory = Directory::default();
    let now = Instant::now();
    register(&directory, "a", &["x"], now);
    let first = open(&directory, "a", now).0;
    let second = open(&directory, "a", now).0;
    assert!(!directory.close("a", first, StreamClose::HalfClosed, now));
    assert_eq!(directory.connected(), 1);
    assert!(directory.close("a", second, StreamClose::HalfClosed, now));
    assert_eq!(directory.agents(), []);
    assert_eq!(topics(&open(&directory, "a", now).1), Vec::<&str>::new());
}

#[test]
fn a_broken_stream_keeps_the_registration_until_the_limit() {
    let directory = Directory::default();
    let now = Instant::now();
    register(&directory, "a", &["x"], now);
    let stream = open(&directory, "a", now).0;
    assert_eq!(directory.expire(now + AWAY_LIMIT), Vec::<String>::new(), "it has a stream");

    let broken_at = now + AWAY_LIMIT;
    assert!(!directory.close("a", stream, StreamClose::Broken, broken_at));
    assert!(directory.newest_stream("a").is_none());
    let before_limit = broken_at + AWAY_LIMIT - Duration::from_millis(1);
    assert_eq!(directory.expire(before_limit), Vec::<String>::new());
    assert_eq!(topics(&open(&directory, "a", before_limit).1), ["x"], "it came back");
}

#[test]
fn after_the_limit_the_agent_is_unknown() {
    let directory = Directory::default();
    let now = Instant::now();
    for agent in ["expired", "opened"] {
        register(&directory, agent, &["x"], now);
        let stream = open(&directory, agent, now).0;
        directory.close(agent, stream, StreamClose::Broken, now);
    }
    let opening = open(&directory, "opened", now + AWAY_LIMIT).1;
    assert_eq!(topics(&opening), Vec::<&str>::new());
    assert_eq!(directory.expire(now + AWAY_LIMIT), ["expired"]);
}

#[test]
fn the_newest_open_stream_is_found() {
    let directory = Directory::default();
    let now = Instant::now();
    let newest = || directory.newest_stream("a").map(|(stream, _)| stream);
    assert_eq!(newest(), None);
    let old = open(&directory, "a", now).0;
    let new = open(&directory, "a", now).0;
    assert_eq!(newest(), Some(new));
    directory.close("a", new, StreamClose::Broken, now);
    assert_eq!(newest(), Some(old));
}

#[test]
fn a_created_agent_stays_until_it_is_deleted() {
    let directory = Directory::default();
    let now = Instant::now();
    let create =
        || directory.create("a", vec!["y".into(), "x".into()], HostedProfile::default(), now);
    register(&directory, "a", &["x", "x"], now);
    assert!(directory.detached_topics("a").is_none());
    assert!(create() && !create());
    let (stream, opening) = open(&directory, "a", now);
    assert_eq!(topics(&opening), ["x", "x", "y"]);
    assert!(directory.detached_topics("a").is_none(), "it is connected");
    assert!(!directory.close("a", stream, StreamClose::HalfClosed, now));
    assert_eq!(directory.detached_topics("a").unwrap().len(), 3);
    assert_eq!(directory.expire(now + 2 * AWAY_LIMIT), Vec::<String>::new());
    assert!(directory.delete("a").is_some() && !directory.contains("a"));
    assert!(directory.delete("a").is_none());
}

#[test]
fn state_is_kept_as_long_as_the_agent_is_known() {
    let directory = Directory::default();
    let now = Instant::now();
    let state = AgentState { persistent: "p".into(), ..AgentState::default() };
    assert!(!directory.set_agent_state("a", state.clone()));
    assert_eq!(directory.agent_state("a"), None);
    register(&directory, "a", &[], now);
    assert_eq!(directory.agent_state("a"), Some(AgentState::default()));
    assert!(directory.set_agent_state("a", state.clone()));
    register(&directory, "a", &["t"], now);
    assert_eq!(directory.agent_state("a"), Some(state));
}
