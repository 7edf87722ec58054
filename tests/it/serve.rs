//! `loom mirror serve`: the folder of a mirror over HTTP, with files of another mirror.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{ArtifactKind, Depot, Entry, Nginx, Packing, Sandbox, program};

/// A running `loom mirror serve`, killed when dropped.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(sandbox: &Sandbox, folder: &Path, more: &[&str]) -> Self {
        let folder = folder.to_str().unwrap();
        let args = [&["mirror", "serve", folder, "--listen", "127.0.0.1:0"], more].concat();
        let mut command: Command = sandbox.loom_command(&args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().trim_end_matches('/').to_owned();
        assert!(url.starts_with("http://127.0.0.1:"), "{line}");
        Self { child, url }
    }

    /// Stops it as Ctrl+C does; returns its exit code.
    fn stop(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn depot() -> Depot {
    let depot = Depot::empty();
    let entries = Entry::program(&program::small("0.2.0"));
    depot.add("0.2.0", &entries, &[ArtifactKind::Archive(Packing::TarZst)]);
    depot
}

#[test]
fn a_served_mirror_is_a_source() {
    let (sandbox, depot) = (Sandbox::new(), depot());
    let server = Served::start(&sandbox, depot.path(), &[]);
    sandbox.loom(&["get", "--source", &server.url]).ok();
    let listed = sandbox.loom(&["list", "--remote", "--source", &server.url]).ok().stdout();
    assert!(listed.contains("0.2.0"), "{listed}");
    sandbox.verify();
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn other_machines_need_an_option() {
    let (sandbox, depot) = (Sandbox::new(), depot());
    let folder = depot.path().to_str().unwrap();
    let serve = ["mirror", "serve", folder, "--listen", "0.0.0.0:0"];
    sandbox.loom(&serve).code(2).says(&["other machines", "--remote"]);
}

#[test]
fn what_is_missing_is_fetched_once_verified_and_kept() {
    let (sandbox, depot) = (Sandbox::new(), depot());
    let nginx = Nginx::serve(depot.path(), "");
    let cache = sandbox.root().join("pulled");
    let server = Served::start(&sandbox, &cache, &["--pull-through", &nginx.url()]);
    sandbox.loom(&["get", "--source", &server.url]).ok();
    let objects = |log: Vec<String>| log.iter().filter(|line| line.contains("/objects/")).count();
    let fetched = objects(nginx.log());
    assert!(fetched >= 2, "{:?}", nginx.log());
    // Without the other mirror, everything is served from the folder.
    drop(nginx);
    let second = Sandbox::new();
    second.loom(&["get", "0.2.0", "--source", &server.url]).ok();
    second.verify();
}

#[test]
fn wrong_bytes_are_neither_served_nor_kept() {
    let (sandbox, depot) = (Sandbox::new(), Depot::empty());
    let entries = Entry::program(&program::small("0.2.0"));
    let added = depot.add("0.2.0", &entries, &[ArtifactKind::Archive(Packing::TarZst)]);
    let archive = depot.path().join(added.archive_path());
    let mut bytes = fs::read(&archive).unwrap();
    bytes[10] ^= 1;
    fs::remove_file(&archive).unwrap();
    fs::write(&archive, bytes).unwrap();
    let nginx = Nginx::serve(depot.path(), "");
    let cache = sandbox.root().join("pulled");
    let server = Served::start(&sandbox, &cache, &["--pull-through", &nginx.url()]);
    sandbox.loom(&["get", "0.2.0", "--source", &server.url]).code(5);
    assert!(!cache.join(added.archive_path()).exists());
}
