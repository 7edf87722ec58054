//! Concurrent processes: one downloads, the others wait and report that they wait.

use std::process::Command;

use crate::support::{self, Depot, Packing, Plain, Sandbox, Server, plain};

#[test]
fn fifty_processes_make_one_download_and_one_listing() {
    let (sandbox, depot) = (Sandbox::new(), Depot::of(&["0.1.0", "0.2.0"]));
    let server = Server::serve(depot.path());
    let all: Vec<_> = (0..50).map(|_| sandbox.spawn(&["get", "--source", &server.url()])).collect();
    for running in all {
        let run = running.wait().ok();
        assert_eq!(run.stdout(), format!("{}\n", sandbox.link("0.2.0").display()));
        assert!(Command::new(run.path()).status().unwrap().success());
    }
    let archive = server
        .requests()
        .into_iter()
        .filter(|r| r.method == "GET" && r.status == 200 && r.path.contains("/objects/"))
        .map(|r| r.path)
        .collect::<Vec<_>>();
    let mut unique = archive.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(archive.len(), unique.len(), "no object twice: {archive:#?}");
    assert_eq!(server.gets("/releases/index.json"), 1, "{:#?}", server.requests());
    assert_eq!(sandbox.trees().len(), 1);
    sandbox.verify();
}

#[test]
fn fifty_processes_download_a_pinned_version_once() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let args = ["get", "--source", &server.url(), "--version", "0.2.0"];
    let all: Vec<_> = (0..50).map(|_| sandbox.spawn(&args)).collect();
    for running in all {
        assert_eq!(running.wait().ok().path(), sandbox.link("0.2.0"));
    }
    assert_eq!(server.gets(&plain::asset_path("0.2.0", Packing::TarGz)), 1);
    sandbox.verify();
}

#[test]
fn a_waiting_process_reports_it_and_uses_the_finished_download() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let gate = server.hold(".tar.gz", 20);
    let args = ["get", "--source", &server.url(), "--version", "0.2.0"];
    let first = sandbox.spawn(&args);
    gate.reached();
    let second = sandbox.spawn(&args);
    until_it_waits_for_a_lock(&second);
    gate.open();
    first.wait().ok();
    second.wait().ok().says(&["wait"]);
    assert_eq!(server.gets(".tar.gz"), 1);
}

#[test]
fn a_waiting_process_takes_over_from_a_killed_one() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let server = Server::serve(mirror.path());
    let gate = server.hold(".tar.gz", 20);
    let args = ["get", "--source", &server.url(), "--version", "0.2.0"];
    let first = sandbox.spawn(&args);
    gate.reached();
    let second = sandbox.spawn(&args);
    until_it_waits_for_a_lock(&second);
    first.kill();
    second.wait().ok();
    sandbox.verify();
}

#[test]
fn another_version_does_not_wait() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.1.0", "0.2.0"]));
    let server = Server::serve(mirror.path());
    let gate = server.hold(&plain::asset_path("0.2.0", Packing::TarGz), 20);
    let first = sandbox.spawn(&["get", "--source", &server.url(), "--version", "0.2.0"]);
    gate.reached();
    sandbox.loom(&["get", "--source", &server.url(), "--version", "0.1.0"]).ok();
    gate.open();
    first.wait().ok();
}

/// Waits until the process has the lock file of the release open: it takes the lock, or tries again and again.
fn until_it_waits_for_a_lock(running: &support::Running) {
    let open = format!("/proc/{}/fd", running.pid().as_raw_nonzero());
    support::until("a process waiting for the lock", || {
        let files = std::fs::read_dir(&open).into_iter().flatten().flatten();
        let mut paths = files.filter_map(|file| std::fs::read_link(file.path()).ok());
        paths.any(|path| path.to_string_lossy().contains("locks/release@"))
    });
}
