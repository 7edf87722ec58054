//! Agents that come, go and come back.

use super::*;

fn register(directory: &Directory, agent: &str, topics: &[&str], now: Instant) {
    let topics = topics.iter().map(|&t| t.to_owned()).collect();
    let registration = Registration { agent: agent.to_owned(), topics, ..Registration::default() };
    directory.register(registration, None, now);
}

fn open(directory: &Directory, agent: &str, now: Instant) -> (StreamId, StreamOpening) {
    let stream = directory.next_stream();
    (stream, directory.open(agent, stream, &Arc::default(), now))
}

fn topics(opened: &StreamOpening) -> Vec<&str> {
    opened.topics.iter().map(|topic| &**topic).collect()
}

#[test]
fn registering_again_replaces_topics() {
    let (directory, now) = (Directory::default(), Instant::now());
    register(&directory, "a", &["x"], now);
    register(&directory, "a", &["y", "y"], now);
    let opened = open(&directory, "a", now).1;
    assert_eq!(topics(&opened), ["y", "y"]);
}

#[test]
fn the_last_stream_that_finishes_unregisters() {
    let (directory, now) = (Directory::default(), Instant::now());
    register(&directory, "a", &["x"], now);
    let first = open(&directory, "a", now).0;
    let second = open(&directory, "a", now).0;
    assert!(!directory.close("a", first, Closing::Finished, now));
    assert_eq!(directory.connected(), 1);
    assert!(directory.close("a", second, Closing::Finished, now));
    assert_eq!(directory.agents(), []);
    assert_eq!(topics(&open(&directory, "a", now).1), Vec::<&str>::new());
}

#[test]
fn a_broken_stream_keeps_the_registration_for_a_while() {
    let (directory, now) = (Directory::default(), Instant::now());
    register(&directory, "a", &["x"], now);
    let stream = open(&directory, "a", now).0;
    assert_eq!(directory.sweep(now + KEEP), Vec::<String>::new(), "it has a stream");

    let broke = now + KEEP;
    assert!(!directory.close("a", stream, Closing::Broken, broke));
    assert!(directory.newest("a").is_none());
    let almost = broke + KEEP - Duration::from_millis(1);
    assert_eq!(directory.sweep(almost), Vec::<String>::new());
    assert_eq!(topics(&open(&directory, "a", almost).1), ["x"], "it came back");
}

#[test]
fn after_that_while_it_is_unknown() {
    let (directory, now) = (Directory::default(), Instant::now());
    for agent in ["swept", "opened"] {
        register(&directory, agent, &["x"], now);
        let stream = open(&directory, agent, now).0;
        directory.close(agent, stream, Closing::Broken, now);
    }
    let opened = open(&directory, "opened", now + KEEP).1;
    assert_eq!(topics(&opened), Vec::<&str>::new());
    assert_eq!(directory.sweep(now + KEEP), ["swept"]);
}

#[test]
fn the_newest_stream_is_the_one_to_ask() {
    let (directory, now) = (Directory::default(), Instant::now());
    let newest = || directory.newest("a").map(|(stream, _)| stream);
    assert_eq!(newest(), None);
    let old = open(&directory, "a", now).0;
    let new = open(&directory, "a", now).0;
    assert_eq!(newest(), Some(new));
    directory.close("a", new, Closing::Broken, now);
    assert_eq!(newest(), Some(old));
}

#[test]
fn a_created_agent_stays_until_it_is_deleted() {
    let (directory, now) = (Directory::default(), Instant::now());
    let create =
        || directory.create("a", vec!["y".into(), "x".into()], HostedProfile::default(), now);
    register(&directory, "a", &["x", "x"], now);
    assert!(directory.parked_topics("a").is_none());
    assert!(create() && !create());
    let (stream, opened) = open(&directory, "a", now);
    assert_eq!(topics(&opened), ["x", "x", "y"]);
    assert!(directory.parked_topics("a").is_none(), "it is connected");
    assert!(!directory.close("a", stream, Closing::Finished, now));
    assert_eq!(directory.parked_topics("a").unwrap().len(), 3);
    assert_eq!(directory.sweep(now + 2 * KEEP), Vec::<String>::new());
    assert!(directory.delete("a").is_some() && !directory.knows("a"));
    assert!(directory.delete("a").is_none());
}

#[test]
fn state_is_kept_as_long_as_the_agent_is_known() {
    let (directory, now) = (Directory::default(), Instant::now());
    let state = AgentState { persistent: "p".into(), ..AgentState::default() };
    assert!(!directory.update_state("a", state.clone()) && directory.state_of("a").is_none());
    register(&directory, "a", &[], now);
    assert_eq!(directory.state_of("a"), Some(AgentState::default()));
    assert!(directory.update_state("a", state.clone()));
    register(&directory, "a", &["t"], now);
    assert_eq!(directory.state_of("a"), Some(state));
}
