//! One configuration with unreachable hosts, a mirror with wrong bytes and a good one: the release is acquired, and the
//! receipt holds the outcome of each source, within its own time limit.

use crate::support::{
    self, ArtifactKind, Depot, Entry, Packing, Plain, Sandbox, Server, Unanswering, Unreachable,
    plain, program,
};
use serde_json::Value;

/// The time limit of every source, in milliseconds.
const TIMEOUT: u64 = 1_000;

/// The delay that a busy machine may add, in milliseconds.
const GRACE: u64 = 1_000;

struct Three {
    sandbox: Sandbox,
    unreachable: [String; 2],
    wrong: Server,
    good: Plain,
    _ports: (Unanswering, Unreachable),
    _flipped: Plain,
}

/// Configures four sources: a port that accepts connections and never answers, one that refuses them, a mirror with a
/// flipped bit, and a good mirror.
fn three() -> Three {
    let (sandbox, good, flipped) = (Sandbox::new(), Plain::of(&["0.2.0"]), Plain::of(&["0.2.0"]));
    plain::flip(&flipped.asset("0.2.0", Packing::TarGz));
    let ports = (Unanswering::new(), Unreachable::new());
    let unreachable = [ports.0.url(), ports.1.url()];
    let wrong = Server::serve(flipped.path());
    let timeout = format!("timeout = \"{TIMEOUT}ms\"");
    let urls = [unreachable[0].clone(), unreachable[1].clone(), wrong.url(), good.url()];
    let sources: Vec<(&str, &str)> = urls.iter().map(|url| (url.as_str(), &*timeout)).collect();
    sandbox.sources(&sources);
    Three { sandbox, unreachable, wrong, good, _ports: ports, _flipped: flipped }
}

/// The attempts in the receipt, each within its time limit and a second.
#[track_caller]
fn attempts(sandbox: &Sandbox) -> Vec<(String, String)> {
    let document = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    let outcomes =
        document["receipt"]["attempts"].as_array().unwrap_or_else(|| panic!("{document}"));
    let attempt = |attempt: &Value| {
        let ms = attempt["ms"].as_u64().unwrap();
        assert!(ms <= TIMEOUT + GRACE, "{attempt}");
        assert_eq!(attempt["timeout_ms"], TIMEOUT, "{attempt}");
        (attempt["source"].to_string(), attempt["outcome"].to_string())
    };
    outcomes.iter().map(attempt).collect()
}

#[track_caller]
fn assert_attempt(attempts: &[(String, String)], of: &str, what: &str) {
    let matches =
        |(source, outcome): &(String, String)| source.contains(of) && outcome.contains(what);
    assert!(attempts.iter().any(matches), "{of} {what}: {attempts:#?}");
}

#[test]
fn a_pinned_version() {
    let Three { sandbox, unreachable, wrong, good, .. } = &three();
    let run = sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    assert_eq!(run.path(), sandbox.link("0.2.0"));
    let outcomes = attempts(sandbox);
    assert_eq!(outcomes.len(), 4, "{outcomes:#?}");
    assert_attempt(&outcomes, &unreachable[0], "no response from");
    assert_attempt(&outcomes, &unreachable[1], "could not connect");
    assert_attempt(&outcomes, &wrong.url(), "checksum mismatch");
    assert_attempt(&outcomes, &good.url(), "delivered");
    let folder = support::normal::escaped(&good.path().display().to_string());
    let why = sandbox.loom(&["why", "0.2.0"]).ok();
    sandbox.snapshot_with("three_sources", &why, &[(&folder, "[GOOD]")]);
    sandbox.verify();
}

#[test]
fn an_unreachable_host_costs_latest_one_time_limit() {
    let Three { sandbox, unreachable, wrong, good, .. } = &three();
    sandbox.loom(&["get"]).ok();
    let outcomes = attempts(sandbox);
    for host in unreachable {
        let of_host = outcomes.iter().filter(|(source, _)| source.contains(host)).count();
        assert_eq!(of_host, 1, "a source that did not answer is used last: {outcomes:#?}");
    }
    assert_attempt(&outcomes, &wrong.url(), "cannot be listed");
    assert_attempt(&outcomes, &wrong.url(), "checksum mismatch");
    assert_attempt(&outcomes, &good.url(), "\\\"latest\\\" is 0.2.0");
    assert_attempt(&outcomes, &good.url(), "delivered");
}

#[test]
fn where_one_artifact_of_a_source_fails_another_is_tried() {
    let depot = Depot::empty();
    let entries = Entry::program(&program::small("0.2.0"));
    let artifacts = [ArtifactKind::Archive(Packing::TarGz), ArtifactKind::Loose];
    let added = depot.add("0.2.0", &entries, &artifacts);
    std::fs::remove_file(depot.path().join(added.archive_path())).unwrap();
    let server = Server::serve(depot.path());
    for source in [server.url(), depot.url()] {
        let sandbox = Sandbox::new();
        let get = ["get", "--version", "0.2.0", "--source", &source];
        sandbox.loom(&get).ok().says(&["was offered, but does not exist any more"]);
        sandbox.verify();
    }
}
