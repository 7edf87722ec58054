//! `--offline`: no socket beyond this machine.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Plain, Run, Sandbox, Server};

/// Runs `loom` where there is no network at all, not even loopback.
fn cut_off(sandbox: &Sandbox, args: &[&str]) -> Run {
    let mut command = sandbox.command("unshare");
    command.args(["--map-root-user", "--net", "--"]).arg(Sandbox::program()).args(args);
    sandbox.start(args, command).wait()
}

#[test]
fn what_is_here_and_what_a_folder_holds_needs_no_network() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    for version in ["0.1.0", "latest"] {
        let args = ["get", "--offline", "--source", &mirror.url(), "--version", version];
        cut_off(&sandbox, &args).ok();
    }
    cut_off(&sandbox, &["get", "--version", "0.2.0"]).ok();
    cut_off(&sandbox, &["which"]).ok();
    cut_off(&sandbox, &["list"]).ok();
    cut_off(&sandbox, &["store", "verify"]).ok();
}

#[test]
fn a_distant_source_is_exit_7_and_no_socket() {
    let sandbox = Sandbox::new();
    let get = ["get", "--offline", "--version", "0.2.0", "--source", "https://mirror.invalid/x"];
    let (run, trace) = sandbox.strace(&["trace=%network"], &get);
    run.code(7).says(&["offline"]);
    let beyond: Vec<_> = trace.lines.iter().filter(|l| l.contains("AF_INET")).collect();
    assert!(beyond.is_empty(), "{beyond:#?}");
}

#[test]
fn the_environment_says_it_too() {
    let mut sandbox = Sandbox::new();
    sandbox.set("LOOM_OFFLINE", "1");
    let get = ["get", "--version", "0.2.0", "--source", "https://mirror.invalid/x"];
    sandbox.loom(&get).code(7);
}

#[test]
fn loopback_is_this_machine() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let get = ["get", "--offline", "--version", "0.2.0", "--source", &server.url()];
    sandbox.loom(&get).ok();
}

#[test]
fn latest_falls_back_to_what_is_here_and_says_so() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0"]));
    sandbox.loom(&["get", "--source", &mirror.url(), "--version", "0.1.0"]).ok();
    let get = ["get", "--offline", "--source", "https://mirror.invalid/x"];
    let run = sandbox.loom(&get).ok();
    assert_eq!(run.path(), sandbox.link("0.1.0"));
}
