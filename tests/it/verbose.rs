//! `-v` and `-vv`: requests, decisions and timings.

use crate::support::{Depot, Plain, Sandbox, Server, Unreachable};

#[test]
fn a_selector_is_shown_with_its_origin_and_its_resolution() {
    let (mut sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let server = Server::serve(depot.path());
    sandbox.sources(&[(&server.url(), "name = \"corp\"")]);
    sandbox.loom(&["get", "-v"]).ok().says(&[
        "version latest, set by default\n",
        "corp: list loom-bridge-server: 2 versions, the newest is 0.2.0 (",
        "corp: listed: \"latest\" is 0.2.0\n",
        "corp: find loom-bridge-server 0.2.0 ",
        "available as 1 artifact",
        &format!("  {}/releases/index.json: 200, ", server.url()),
    ]);
    sandbox.loom(&["use", "0.1.0"]).ok();
    sandbox.loom(&["get", "-v"]).ok().says(&["version 0.1.0, set by `loom use`\n"]);
    sandbox.loom(&["get", "0.2.0", "-v"]).ok().says(&["version 0.2.0, set by --version\n"]);
    sandbox.set("LOOM_VERSION", "0.2.0");
    sandbox.loom(&["get", "-v"]).ok().says(&["set by environment variable LOOM_VERSION\n"]);
}

#[test]
fn timings_are_shown_when_verbose_is_given_twice() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let get = ["get", "0.2.0", "--source", &server.url(), "--force-download"];
    let once = sandbox.loom(&[&get[..], &["-v"]].concat()).ok();
    once.says(&[".tar.gz: 200, "]).never_says(&["response "]);
    let twice = sandbox.loom(&[&get[..], &["-vv"]].concat()).ok();
    twice.says(&["(connection ", "response "]);
}

#[test]
fn a_failed_request_is_shown_without_its_credentials() {
    let (sandbox, mirror, unreachable) =
        (Sandbox::new(), Plain::of(&["0.2.0"]), Unreachable::new());
    let server = Server::serve(mirror.path());
    let (bad, good) = (
        unreachable.url().replace("http://", "http://user:hunter2@"),
        server.url().replace("http://", "http://user:hunter2@"),
    );
    let run = sandbox.loom(&["get", "0.2.0", "-vv", "--source", &bad, "--source", &good]).ok();
    run.says(&[": no response, ", "could not connect", "with a login"]).never_says(&["hunter2"]);
}

#[test]
fn without_verbose_no_decision_is_shown_and_quiet_takes_precedence() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let get = ["get", "0.2.0", "--source", &mirror.url(), "--force-download"];
    sandbox.loom(&get).ok().never_says(&["set by", "find "]);
    let quiet = sandbox.loom(&[&get[..], &["-vv", "--quiet"]].concat()).ok();
    assert_eq!(quiet.stderr(), "");
    let json = sandbox.loom(&[&get[..], &["-v", "--json"]].concat()).ok();
    assert_eq!(json.json()["version"], "0.2.0");
    json.says(&["find loom-bridge-server 0.2.0"]);
}
