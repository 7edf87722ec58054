//! Interrupted transfers are resumed, and a damaged partial file does not count as a strike against the source.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::support::{self, Fault, Packing, Plain, Sandbox, Server, Sums, plain, program};

const SIZE: usize = 2 << 20;
const SENT: usize = 1 << 20;

fn mirror() -> Plain {
    let mirror = Plain::empty();
    mirror.add("0.2.0", Packing::TarGz, &program::large("0.2.0", SIZE), Sums::Sidecar);
    mirror
}

/// The partial file of an interrupted transfer.
fn partial(sandbox: &Sandbox) -> Option<PathBuf> {
    let folder = sandbox.cache().join("partial");
    let mut files = sandbox.files("partial").into_iter().map(|name| folder.join(name));
    files.find(|path| {
        path.extension().is_none() && path.metadata().is_ok_and(|metadata| metadata.len() > 0)
    })
}

/// Kills a `get` after the server has sent a part of the archive and some of it is on disk; returns the partial file.
fn interrupted(sandbox: &Sandbox, server: &Server) -> PathBuf {
    let gate = server.hold(".tar.gz", SENT);
    let running = sandbox.spawn(&["get", "--source", &server.url(), "--version", "0.2.0"]);
    gate.reached();
    support::until("a part on disk", || partial(sandbox).is_some());
    assert_eq!(running.kill().exit(), 128 + 9);
    gate.open();
    server.forget();
    partial(sandbox).unwrap()
}

#[test]
fn after_a_kill_the_rest_is_requested() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    let partial = interrupted(&sandbox, &server);
    let length = partial.metadata().unwrap().len();
    sandbox.verify();
    sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    let transfers = server.requests_for(".tar.gz");
    let get: Vec<_> = transfers.iter().filter(|r| r.method == "GET").collect();
    assert_eq!(get.len(), 1, "{transfers:#?}");
    assert_eq!(get[0].range(), Some(&*format!("bytes={length}-")));
    assert_eq!(get[0].status, 206);
    assert!(!get[0].headers.contains_key("if-range"), "the digest decides: {:#?}", get[0]);
    assert!(sandbox.files("partial").is_empty(), "the partial file is removed after use");
    sandbox.verify();
}

#[test]
fn no_file_is_visible_before_all_are_checked() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    interrupted(&sandbox, &server);
    assert!(sandbox.trees().is_empty());
    assert!(sandbox.link("0.2.0").symlink_metadata().is_err());
    sandbox.loom(&["which", "--version", "0.2.0"]).code(3);
    sandbox.loom(&["list"]).ok();
}

#[test]
fn a_damaged_partial_file_is_no_strike_against_the_mirror() {
    for damage in ["flip", "zeroes", "shorter"] {
        let (sandbox, mirror) = (Sandbox::new(), mirror());
        let server = Server::serve(mirror.path());
        let partial = interrupted(&sandbox, &server);
        let length = partial.metadata().unwrap().len();
        match damage {
            "flip" => plain::flip(&partial),
            "zeroes" => fs::write(&partial, vec![0; length as usize]).unwrap(),
            _ => fs::OpenOptions::new()
                .write(true)
                .open(&partial)
                .unwrap()
                .set_len(length / 2)
                .unwrap(),
        }
        let url = server.url();
        let run = sandbox.loom(&["get", "--source", &url, "--version", "0.2.0"]);
        assert_eq!(run.exit(), 0, "{damage}: {}", run.stderr());
        run.never_says(&["checksum mismatch"]);
        sandbox.verify();
        // The mirror is not in quarantine: it is still the first source.
        sandbox.loom(&["remove", "0.2.0"]).ok();
        let other = Server::serve(mirror.path());
        let (mut sandbox, both) = (sandbox, format!("{url},{}", other.url()));
        sandbox.set("LOOM_SOURCES", both).loom(&["get", "--version", "0.2.0"]).ok();
        assert_eq!(other.gets(".tar.gz"), 0, "{damage}");
    }
}

#[test]
fn a_changed_file_is_fetched_whole() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    interrupted(&sandbox, &server);
    let other = program::large("0.2.0", SIZE + 1);
    mirror.add("0.2.0", Packing::TarGz, &other, Sums::Sidecar);
    let run = sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    assert_eq!(fs::read(run.path()).unwrap(), other);
    sandbox.verify();
}

#[test]
fn every_response_to_a_range_request_is_handled() {
    let faults = [
        ("ignored", Fault::IgnoreRange),
        ("another offset", Fault::WrongOffset(7)),
        ("not satisfiable", Fault::Status(416, vec![("Content-Range".into(), "bytes */1".into())])),
    ];
    for (what, fault) in faults {
        let (sandbox, mirror) = (Sandbox::new(), mirror());
        let server = Server::serve(mirror.path());
        interrupted(&sandbox, &server);
        server.fault_times(".tar.gz", fault, 1);
        let run = sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]);
        assert_eq!(run.exit(), 0, "{what}: {}", run.stderr());
        sandbox.verify();
    }
}

#[test]
fn a_cut_connection_is_resumed_within_one_run() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    server.fault_times(".tar.gz", Fault::Cut(SENT), 1);
    sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    let ranges: Vec<_> = server
        .requests_for(".tar.gz")
        .iter()
        .filter(|r| r.method == "GET")
        .map(|r| r.range().map(str::to_owned))
        .collect();
    assert_eq!(ranges, [None, Some(format!("bytes={SENT}-"))]);
    sandbox.verify();
}

#[test]
fn an_etag_that_always_changes_never_mixes_two_files() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    server.fault(".tar.gz", Fault::ChangingEtag);
    sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    sandbox.verify();
}

#[test]
fn a_transfer_without_validators_is_resumed_because_the_digest_is_compared() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    interrupted(&sandbox, &server);
    server.fault(".tar.gz", Fault::NoValidator);
    sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    sandbox.verify();
}

#[test]
fn a_transfer_that_is_killed_repeatedly_completes() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    for _ in 0..3 {
        interrupted(&sandbox, &server);
        sandbox.verify();
    }
    sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).ok();
    sandbox.verify();
    assert_eq!(sandbox.trees().len(), 1);
    assert!(
        support::sandbox::names(&sandbox.cache().join("store")).iter().all(|n| !n.starts_with('.')),
        "the temporary folders of killed runs are removed"
    );
}

#[test]
fn a_transfer_that_always_ends_at_the_same_byte_is_given_up() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    server.fault(".tar.gz", Fault::CutWhole(SENT));
    sandbox.loom(&["get", "--source", &server.url(), "--version", "0.2.0"]).code(5);
    // The first transfer brought bytes, and the three after it no new one.
    assert_eq!(server.gets(".tar.gz"), 4);
}

#[test]
fn a_small_file_that_trickles_costs_its_source_the_timeout() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let (slow, other) = (Server::serve(mirror.path()), Server::serve(mirror.path()));
    slow.fault(".sha256", Fault::Drip(1, Duration::from_millis(100)));
    sandbox.sources(&[(&slow.url(), "timeout = \"1s\""), (&other.url(), "")]);
    let begun = Instant::now();
    let run = sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert!(run.stderr().contains("did not arrive within 1s"), "{}", run.stderr());
    assert_eq!(other.gets(".tar.gz"), 1);
}

#[test]
fn the_time_of_a_stopped_process_does_not_count() {
    let (sandbox, mirror) = (Sandbox::new(), mirror());
    let server = Server::serve(mirror.path());
    for ending in [".tar.gz", ".sha256"] {
        let piece = if ending == ".sha256" { 20 } else { SIZE / 10 };
        server.fault_times(ending, Fault::Drip(piece, Duration::from_millis(100)), 1);
        sandbox.sources(&[(&server.url(), "timeout = \"2s\"")]);
        let running = sandbox.spawn(&["get", "--version", "0.2.0", "--force-download"]);
        support::until("a request", || server.gets(ending) > 0);
        running.signal(Signal::STOP);
        std::thread::sleep(Duration::from_secs(4));
        running.signal(Signal::CONT);
        running.wait().ok();
        server.forget();
    }
    sandbox.verify();
}
