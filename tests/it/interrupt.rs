//! Interrupts (Ctrl+C) during a download and during the start of a runtime.

use std::{fs, path::PathBuf};

use rustix::process::Signal;

use crate::support::{Fault, Packing, Plain, Run, Running, Sandbox, Server, Sums, program, until};

const SIZE: usize = 2 << 20;
const SENT: usize = 1 << 20;

fn mirror() -> Plain {
    let mirror = Plain::empty();
    mirror.add("0.2.0", Packing::TarGz, &program::large("0.2.0", SIZE), Sums::Sidecar);
    mirror
}

/// Whether the process handles SIGINT.
fn handles_interrupt(running: &Running) -> bool {
    let pid = running.pid().as_raw_nonzero();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (Signal::INT.as_raw() - 1)) != 0
}

/// Interrupts a download after the server has sent a part of the archive.
fn interrupted(sandbox: &Sandbox, server: &Server, args: &[&str]) -> Run {
    let gate = server.hold(".tar.gz", SENT);
    let running = sandbox.spawn(args);
    gate.reached();
    until("the transfer is reported", || handles_interrupt(&running));
    let partial = sandbox.cache().join("partial");
    // Progress is reported after each write: with half of the bytes on disk, some of them have been reported.
    let has_half = |name: &PathBuf| {
        let length = fs::metadata(partial.join(name)).map_or(0, |metadata| metadata.len());
        name.extension().is_none() && length > SENT as u64 / 2
    };
    until("a part is on disk", || sandbox.files("partial").iter().any(has_half));
    running.signal(Signal::INT);
    let run = running.wait();
    gate.open();
    server.forget();
    run
}

#[test]
fn the_message_names_the_command_that_resumes() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    let get = ["get", "0.2.0", "--source", &server.url()];
    let run = interrupted(&sandbox, &server, &get).code(130);
    run.says(&[
        "error: interrupted at ",
        "iB of 2.11 MiB",
        "hint: to resume the download, run the same command again: loom get 0.2.0 --source http",
    ]);
    let run = sandbox.loom(&get).ok().says(&["resumed at "]);
    assert_eq!(run.path(), sandbox.link("0.2.0"));
    assert_eq!(server.requests_for(".tar.gz").last().unwrap().status, 206);
}

#[test]
fn with_json_the_error_is_a_document() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    let get = ["get", "0.2.0", "--json", "--quiet", "--source", &server.url()];
    let error = interrupted(&sandbox, &server, &get).code(130).json();
    assert_eq!(error["error"]["kind"], "interrupted");
    assert_eq!(error["error"]["code"], 130);
}

#[test]
fn credentials_in_the_command_line_are_not_printed() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    let url = server.url().replace("http://", "http://user:hunter2@");
    let run = interrupted(&sandbox, &server, &["get", "0.2.0", "--source", &url]).code(130);
    run.says(&["http://***@"]).never_says(&["hunter2"]);
}

#[test]
fn after_the_download_an_interrupt_ends_the_start_of_a_runtime() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::empty());
    mirror.add("0.2.0", Packing::Bare, b"#!/bin/sh\nexec sleep 1000\n", Sums::Sidecar);
    let server = Server::serve(mirror.path());
    let args = ["up", "--source", &server.url(), "--version", "0.2.0", "--bridge-port", "0"];
    let running = sandbox.spawn(&args);
    let instances = || {
        let document = sandbox.loom(&["status", "--json"]).ok().json();
        document["instances"].as_array().unwrap().len()
    };
    until("the runtime is starting", || instances() == 1);
    running.signal(Signal::INT);
    running.wait().code(130).never_says(&["interrupted"]);
    until("the runtime has ended", || instances() == 0);
}

#[test]
fn an_ignored_interrupt_stays_ignored() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    server.fault(".tar.gz", Fault::Drip(64 << 10, std::time::Duration::from_millis(20)));
    let mut command = sandbox.command("sh");
    command.args(["-c", "trap '' INT; exec \"$@\"", "sh"]).arg(Sandbox::program());
    command.args(["get", "0.2.0", "--source", &server.url()]);
    let running = sandbox.start(&["get"], command);
    until("the transfer has begun", || server.gets(".tar.gz") > 0);
    running.signal(Signal::INT);
    running.wait().ok();
}

#[test]
fn what_arrived_is_shown_and_only_garbage_is_removed() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    let get = ["get", "0.2.0", "--source", &server.url()];
    interrupted(&sandbox, &server, &get).code(130);
    let why = sandbox.loom(&["why", "0.2.0"]).ok().stdout();
    assert!(why.contains("iB of 2.11 MiB from http"), "{why}");
    assert!(why.contains("`loom get 0.2.0` continues the download"), "{why}");
    let why = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    let partial = &why["partial"];
    assert!(partial["bytes"].as_u64().unwrap() > 0, "{why}");
    let address = server.url();
    assert_eq!(
        partial["source"].as_str().unwrap().trim_end_matches('/'),
        address.trim_end_matches('/')
    );
    sandbox.loom(&["why", "0.1.0"]).code(3);

    sandbox.loom(&["store", "gc"]).ok();
    let usage = sandbox.loom(&["store", "du", "--json"]).ok().json();
    assert_eq!(usage["garbage"], 0, "{usage}");
    sandbox.loom(&get).ok().says(&["resumed at "]);
    let why = sandbox.loom(&["why", "0.2.0", "--json"]).ok().json();
    assert!(why["partial"].is_null(), "{why}");
}
