//! Racing: while a source with `race = true` has sent nothing, the next one starts, and the first to deliver wins.

use crate::support::{
    self, Depot, Fault, Gate, Packing, Plain, Sandbox, Server, Unreachable, plain,
};
use serde_json::Value;

/// Settings of a source that is raced after 1.5 s, a quarter of its time limit.
const RACED: &str = "race = true\ntimeout = \"6s\"";

const GET: [&str; 3] = ["get", "--version", "0.2.0"];

/// The attempts in the receipt: the address of each source, and the outcome.
#[track_caller]
fn attempts(sandbox: &Sandbox) -> Vec<(String, String)> {
    let document = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    let text = |attempt: &Value, key: &str| attempt[key].as_str().unwrap().replace("/ ", " ");
    let attempts = document["receipt"]["attempts"].as_array().unwrap();
    // A configured address ends with the slash of the root path.
    let source = |attempt| text(attempt, "source").trim_end_matches('/').to_owned();
    attempts.iter().map(|attempt| (source(attempt), text(attempt, "outcome"))).collect()
}

/// Two servers over one good mirror, and a sandbox that uses them in this order.
fn two_sources(slow: &str) -> (Sandbox, Plain, Server, Server) {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let (first, second) = (Server::serve(mirror.path()), Server::serve(mirror.path()));
    sandbox.sources(&[(&first.url(), slow), (&second.url(), "")]);
    (sandbox, mirror, first, second)
}

#[test]
fn a_source_that_never_answers_is_raced_and_its_connection_closed() {
    let (sandbox, _mirror, silent, good) = two_sources(RACED);
    let closed = Gate::new();
    silent.fault("", Fault::Abandoned(None, closed.clone()));
    let run = sandbox.loom(&GET).ok().says(&[&silent.url(), "sent nothing for 1s 500ms"]);
    assert_eq!(run.path(), sandbox.link("0.2.0"));
    closed.reached();
    let outcomes = attempts(&sandbox);
    let lost = format!("given up: {} delivered first", good.url());
    assert_eq!(outcomes, [(silent.url(), lost), (good.url(), "delivered".to_owned())]);
    sandbox.verify();
}

#[test]
fn a_source_that_offers_and_sends_no_byte_is_raced() {
    let (sandbox, _mirror, silent, good) = two_sources(RACED);
    let closed = Gate::new();
    silent.fault(".tar.gz", Fault::Abandoned(Some(0), closed.clone()));
    sandbox.loom(&GET).ok();
    closed.reached();
    assert_eq!((silent.gets(".tar.gz"), good.gets(".tar.gz")), (1, 1));
    assert!(sandbox.files("partial").is_empty(), "{:?}", sandbox.files("partial"));
}

#[test]
fn the_late_source_wins_if_it_delivers_first() {
    let (sandbox, _mirror, late, silent) = two_sources(RACED);
    let (held, closed) = (late.hold(".tar.gz", 0), Gate::new());
    silent.fault("", Fault::Abandoned(None, closed.clone()));
    let running = sandbox.spawn(&GET);
    support::until("the next source is requested", || !silent.requests().is_empty());
    held.open();
    running.wait().ok();
    closed.reached();
    let outcomes = attempts(&sandbox);
    let lost = format!("given up: {} delivered first", late.url());
    assert_eq!(outcomes, [(silent.url(), lost), (late.url(), "delivered".to_owned())]);
}

#[test]
fn after_a_winner_with_wrong_bytes_the_other_source_is_used() {
    let (sandbox, _mirror, slow, wrong) = two_sources(RACED);
    let closed = Gate::new();
    slow.fault_times("", Fault::Abandoned(None, closed.clone()), 1);
    wrong.fault(".tar.gz", Fault::Flip(100));
    sandbox.loom(&GET).ok().says(&[&wrong.url(), "checksum mismatch"]);
    closed.reached();
    let sources: Vec<String> = attempts(&sandbox).into_iter().map(|(source, _)| source).collect();
    assert_eq!(sources, [slow.url(), wrong.url(), slow.url()]);
    sandbox.verify();
}

#[test]
fn a_source_that_may_stop_failover_is_never_raced() {
    for stop in ["on_error = \"stop\"", "on_absent = \"stop\""] {
        let (sandbox, _mirror, silent, good) =
            two_sources(&format!("race = true\ntimeout = \"400ms\"\n{stop}"));
        silent.fault("", Fault::Silent(Gate::new()));
        sandbox.loom(&GET).code(5);
        assert!(good.requests().is_empty(), "{stop}");
    }
}

#[test]
fn a_source_without_race_is_waited_for() {
    let (sandbox, _mirror, held, other) = two_sources("timeout = \"60s\"\nrace = false");
    let gate = held.hold(".tar.gz", 0);
    let running = sandbox.spawn(&GET);
    gate.reached();
    gate.open();
    running.wait().ok();
    assert!(other.requests().is_empty());
}

#[test]
fn a_quick_source_is_not_raced() {
    let (sandbox, _mirror, quick, other) = two_sources(RACED);
    sandbox.loom(&GET).ok().never_says(&["sent nothing"]);
    assert_eq!(quick.gets(&plain::asset_path("0.2.0", Packing::TarGz)), 1);
    assert!(other.requests().is_empty());
}

#[test]
fn each_unreachable_source_is_reported() {
    let sandbox = Sandbox::new();
    let (one, two) = (Unreachable::new(), Unreachable::new());
    sandbox.sources(&[(&one.url(), RACED), (&two.url(), RACED)]);
    sandbox.loom(&GET).code(5).says(&[&one.url(), &two.url()]);
}

#[test]
fn a_list_that_does_not_arrive_is_not_waited_for() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.2.0"]));
    let (silent, good) = (Server::serve(depot.path()), Server::serve(depot.path()));
    let closed = Gate::new();
    silent.fault("", Fault::Abandoned(None, closed.clone()));
    sandbox.sources(&[(&silent.url(), RACED), (&good.url(), "")]);
    sandbox.loom(&["get"]).ok().says(&["asking the next source"]);
    closed.reached();
    assert_eq!(
        silent.requests().len(),
        1,
        "the release is requested from the silent source only if no other source has it"
    );
    let alone = Sandbox::new();
    alone.sources(&[(&silent.url(), "race = true\ntimeout = \"400ms\"")]);
    alone.loom(&["get"]).code(5).says(&["within 400ms"]);
}

#[test]
fn a_late_list_is_waited_for_where_no_other_source_answers() {
    let (sandbox, depot, unreachable) = (Sandbox::new(), Depot::of(&["0.2.0"]), Unreachable::new());
    let slow = Server::serve(depot.path());
    let held = slow.hold("/index.json", 0);
    sandbox.sources(&[(&slow.url(), RACED), (&unreachable.url(), "timeout = \"6s\"")]);
    let running = sandbox.spawn(&["get"]);
    held.reached();
    support::until("the list is requested again", || slow.gets("/index.json") == 2);
    held.open();
    running.wait().ok().says(&["asking the next source"]);
}
