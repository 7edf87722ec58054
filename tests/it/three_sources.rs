//! One configuration with a dead host, a lying mirror and a good one: it acquires, and the receipt says what
//! happened to each, within its own budget.

use crate::support::{
    self, Carry, Depot, Entry, Packing, Plain, Sandbox, Server, Unanswering, Unreachable, plain,
    program,
};
use serde_json::Value;

/// The budget of every source, in milliseconds.
const TIMEOUT: u64 = 1_000;

/// What a second is to a machine that does other things too.
const GRACE: u64 = 1_000;

struct Three {
    sandbox: Sandbox,
    dead: [String; 2],
    lying: Server,
    good: Plain,
    _ports: (Unanswering, Unreachable),
    _flipped: Plain,
}

/// A port that takes connections and says nothing, one that refuses them, a mirror with a flipped bit, a good one.
fn three() -> Three {
    let (sandbox, good, flipped) = (Sandbox::new(), Plain::of(&["0.2.0"]), Plain::of(&["0.2.0"]));
    plain::flip(&flipped.asset("0.2.0", Packing::TarGz));
    let ports = (Unanswering::new(), Unreachable::new());
    let dead = [ports.0.url(), ports.1.url()];
    let lying = Server::serve(flipped.path());
    let timeout = format!("timeout = \"{TIMEOUT}ms\"");
    let urls = [dead[0].clone(), dead[1].clone(), lying.url(), good.url()];
    let sources: Vec<(&str, &str)> = urls.iter().map(|url| (url.as_str(), &*timeout)).collect();
    sandbox.sources(&sources);
    Three { sandbox, dead, lying, good, _ports: ports, _flipped: flipped }
}

/// The receipt's attempts, each within its budget and a second.
#[track_caller]
fn attempts(sandbox: &Sandbox) -> Vec<(String, String)> {
    let document = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    let told = document["receipt"]["attempts"].as_array().unwrap_or_else(|| panic!("{document}"));
    let attempt = |attempt: &Value| {
        let ms = attempt["ms"].as_u64().unwrap();
        assert!(ms <= TIMEOUT + GRACE, "{attempt}");
        assert_eq!(attempt["timeout_ms"], TIMEOUT, "{attempt}");
        (attempt["source"].to_string(), attempt["outcome"].to_string())
    };
    told.iter().map(attempt).collect()
}

#[track_caller]
fn assert_told(attempts: &[(String, String)], of: &str, what: &str) {
    let told = |(source, outcome): &(String, String)| source.contains(of) && outcome.contains(what);
    assert!(attempts.iter().any(told), "{of} {what}: {attempts:#?}");
}

#[test]
fn a_pinned_version() {
    let Three { sandbox, dead, lying, good, .. } = &three();
    let run = sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    assert_eq!(run.path(), sandbox.link("0.2.0"));
    let told = attempts(sandbox);
    assert_eq!(told.len(), 4, "{told:#?}");
    assert_told(&told, &dead[0], "no response from");
    assert_told(&told, &dead[1], "could not connect");
    assert_told(&told, &lying.url(), "wrong bytes");
    assert_told(&told, &good.url(), "delivered");
    let folder = support::normal::escaped(&good.path().display().to_string());
    let why = sandbox.loom(&["why", "0.2.0"]).ok();
    sandbox.snapshot_with("three_sources", &why, &[(&folder, "[GOOD]")]);
    sandbox.verify();
}

#[test]
fn the_latest_costs_a_dead_host_its_budget_once() {
    let Three { sandbox, dead, lying, good, .. } = &three();
    sandbox.loom(&["get"]).ok();
    let told = attempts(sandbox);
    for host in dead {
        let of_host = told.iter().filter(|(source, _)| source.contains(host)).count();
        assert_eq!(of_host, 1, "asked last once it has not answered: {told:#?}");
    }
    assert_told(&told, &lying.url(), "cannot be listed");
    assert_told(&told, &lying.url(), "wrong bytes");
    assert_told(&told, &good.url(), "says that latest is 0.2.0");
    assert_told(&told, &good.url(), "delivered");
}

#[test]
fn what_one_carrier_of_a_source_cannot_bring_another_may() {
    let depot = Depot::empty();
    let entries = Entry::program(&program::small("0.2.0"));
    let carried = [Carry::Archive(Packing::TarGz), Carry::Loose];
    let added = depot.add("0.2.0", &entries, &carried);
    std::fs::remove_file(depot.path().join(added.archive_path())).unwrap();
    let server = Server::serve(depot.path());
    for source in [server.url(), depot.url()] {
        let sandbox = Sandbox::new();
        let get = ["get", "--version", "0.2.0", "--source", &source];
        sandbox.loom(&get).ok().says(&["was offered, but does not exist any more"]);
        sandbox.verify();
    }
}
