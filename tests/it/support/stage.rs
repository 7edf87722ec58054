//! A project with a mirror that carries the real server: what tests of running runtimes begin with.

use std::{
    fs::{self, File, TryLockError},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Packing, Plain, Run, Running, Sandbox, Sums, program};

/// A sandbox and a mirror with the real server as 0.2.0.
#[derive(Debug)]
pub struct Stage {
    /// Where commands run.
    pub sandbox: Sandbox,
    /// Where releases come from.
    pub mirror: Plain,
}

impl Stage {
    /// With the real server.
    pub fn new() -> Self {
        Self::with("0.2.0", &program::server())
    }

    /// With another program.
    pub fn with(version: &str, program: &[u8]) -> Self {
        let stage = Self { sandbox: Sandbox::new(), mirror: Plain::empty() };
        stage.add(version, program);
        stage
    }

    /// One more release.
    pub fn add(&self, version: &str, program: &[u8]) {
        self.mirror.add(version, Packing::Bare, program, Sums::Sidecar);
    }

    /// `command` with the source, a free port, no dashboard, and `more`.
    pub fn args(&self, command: &str, more: &[&str]) -> Vec<String> {
        let url = self.mirror.url();
        let mut args = vec![command, "--source", &url, "--mode", "bridge-only"];
        if !more.contains(&"--version") {
            args.extend(["--version", "0.2.0"]);
        }
        if !more.contains(&"--bridge-port") {
            args.extend(["--bridge-port", "0"]);
        }
        args.extend(more);
        args.into_iter().map(str::to_owned).collect()
    }

    /// Runs that to its end.
    pub fn run(&self, command: &str, more: &[&str]) -> Run {
        self.spawn(command, more).wait()
    }

    /// Starts that.
    pub fn spawn(&self, command: &str, more: &[&str]) -> Running {
        let args = self.args(command, more);
        self.sandbox.spawn(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// `up --detach --json`: the document.
    #[track_caller]
    pub fn up(&self) -> Value {
        self.run("up", &["--detach", "--json"]).ok().json()
    }

    /// `up` in the foreground, once it answers; and its entry of `status`.
    #[track_caller]
    pub fn foreground(&self) -> (Running, Value) {
        let mut running = self.spawn("up", &[]);
        let mut entry = Value::Null;
        until("`loom up` is ready", || {
            assert!(!running.ended(), "`loom up` ended before it was ready");
            entry = self.entry();
            entry["state"] == "ready"
        });
        (running, entry)
    }

    /// `status --json`.
    #[track_caller]
    pub fn status(&self) -> Value {
        self.sandbox.loom(&["status", "--json"]).ok().json()
    }

    /// The first entry of `status --json`; null where nothing runs.
    #[track_caller]
    pub fn entry(&self) -> Value {
        self.status().get(0).cloned().unwrap_or_default()
    }

    /// Whether a process holds the lease of the tree of `document`.
    pub fn leased(&self, document: &Value) -> bool {
        let tree = document["tree"].as_str().unwrap();
        let lock = File::open(self.sandbox.cache().join("leases").join(tree)).unwrap();
        match lock.try_lock() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(error)) => panic!("{error}"),
        }
    }
}

/// Waits for something that another process does.
#[track_caller]
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came about that {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process runs (one that nobody has waited for does not).
pub fn runs(pid: &Value) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
    matches!(state, Some(Some(state)) if state != 'Z' && state != 'X')
}

/// Kills a process as `kill -9` does.
#[track_caller]
pub fn kill(pid: &Value) {
    let pid = i32::try_from(pid.as_i64().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Whether somebody listens where `document` says that the bridge is.
pub fn answers(document: &Value) -> bool {
    TcpStream::connect(document["bridge"]["address"].as_str().unwrap()).is_ok()
}
