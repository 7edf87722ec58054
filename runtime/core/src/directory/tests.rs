//! Tests of the directory: agents that register, leave and come back.

use super::*;

fn register(directory: &Directory, agent: &str, topics: &[&str], now: Instant) {
    let topics = topics.iter().map(|&topic| topic.to_owned()).collect();
    let registration = Registration { agent: agent.to_owned(), topics, ..Registration::default() };
    directory.register(registration, None, now).unwrap();
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
fn leaving_with_the_last_stream_unregisters() {
    let directory = Directory::default();
    let now = Instant::now();
    register(&directory, "a", &["x"], now);
    let first = open(&directory, "a", now).0;
    let second = open(&directory, "a", now).0;
    let left = |stream| directory.close("a", stream, StreamClose::Left, now);
    assert_eq!(left(first), AgentDeparture::None);
    assert_eq!(directory.connected(), 1);
    assert_eq!(left(second), AgentDeparture::Unregistered);
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
    let departure = directory.close("a", stream, StreamClose::Broken, broken_at);
    assert_eq!(departure, AgentDeparture::Away);
    assert!(directory.newest_stream("a").is_none());
    let before_limit = broken_at + AWAY_LIMIT - Duration::from_millis(1);
    assert_eq!(directory.expire(before_limit), Vec::<String>::new());
    let back = open(&directory, "a", before_limit).1;
    assert_eq!((topics(&back), back.is_back), (vec!["x"], true), "it came back");
    assert!(!open(&directory, "a", before_limit).1.is_back, "only the first stream brings it back");
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
    assert_eq!([create(), create()], [Ok(true), Ok(false)]);
    let (stream, opening) = open(&directory, "a", now);
    assert_eq!(topics(&opening), ["x", "x", "y"]);
    assert!(directory.detached_topics("a").is_none(), "it is connected");
    let departure = directory.close("a", stream, StreamClose::Left, now);
    assert_eq!(departure, AgentDeparture::Away);
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
    assert_eq!(directory.set_agent_state("a", state.clone()), Ok(false));
    assert_eq!(directory.agent_state("a"), None);
    register(&directory, "a", &[], now);
    assert_eq!(directory.agent_state("a"), Some(AgentState::default()));
    assert_eq!(directory.set_agent_state("a", state.clone()), Ok(true));
    register(&directory, "a", &["t"], now);
    assert_eq!(directory.agent_state("a"), Some(state));
}

#[test]
fn of_too_many_agents_without_a_stream_the_one_that_is_away_longest_is_unregistered() {
    let directory = Directory::default();
    let start = Instant::now();
    let at = |n: usize| start + Duration::from_millis(n as u64);
    register(&directory, "connected", &[], start);
    open(&directory, "connected", start);
    for n in 0..MAX_AWAY_AGENTS {
        register(&directory, &n.to_string(), &[], at(n));
    }
    register(&directory, "0", &[], at(MAX_AWAY_AGENTS));
    let registration = Registration { agent: "new".to_owned(), ..Registration::default() };
    assert_eq!(directory.register(registration, None, at(MAX_AWAY_AGENTS)).unwrap(), ["1"]);
    assert!(["connected", "new", "0"].iter().all(|agent| directory.contains(agent)));
}

#[test]
fn the_size_of_what_is_kept_is_limited() {
    let directory = Directory::default();
    let now = Instant::now();
    let state = |bytes| AgentState { persistent: vec![0; bytes].into(), ..AgentState::default() };
    let create = |agent| directory.create(agent, Vec::new(), HostedProfile::default(), now);
    assert_eq!(create("kept"), Ok(true));
    register(&directory, "away", &[], now);
    assert_eq!(directory.set_agent_state("away", state(MAX_KEPT_BYTES / 2)), Ok(true));
    let half = MAX_KEPT_BYTES / 2 - 100;
    assert_eq!(directory.set_agent_state("kept", state(half)), Ok(true));
    assert_eq!(directory.set_agent_state("kept", state(half)), Ok(true), "it replaces the first");
    let error = directory.set_agent_state("kept", state(MAX_KEPT_BYTES));
    assert_eq!(error, Err(LimitError::KeptBytes));
    assert_eq!(directory.agent_state("kept"), Some(state(half)), "the old state stays");

    let agent = "x".repeat(200);
    let registration = Registration { agent: agent.clone(), ..Registration::default() };
    assert_eq!(directory.register(registration, None, now).unwrap(), ["away"]);
    assert_eq!(directory.set_agent_state(&agent, state(half)), Ok(true), "there is room again");
    assert!(directory.delete("kept").is_some());
    assert_eq!(directory.set_agent_state(&agent, state(2 * half)), Ok(true));
}

#[test]
fn created_agents_are_limited_in_number_and_topics() {
    let directory = Directory::default();
    let now = Instant::now();
    let create = |agent: &str, topics: usize| {
        let topics = (0..topics).map(|n| n.to_string()).collect();
        directory.create(agent, topics, HostedProfile::default(), now)
    };
    assert!(create("a", limits::MAX_TOPICS + 1).is_err());
    for n in 0..MAX_CREATED_AGENTS {
        assert_eq!(create(&n.to_string(), 0), Ok(true));
    }
    let error = create("one more", 0).unwrap_err().to_string();
    assert_eq!(error, "there are 10001 created agents; at most 10000 are allowed");
    assert!(directory.delete("0").is_some());
    assert_eq!(create("one more", 0), Ok(true));
}
