//! A project and a mirror with the real server, for tests of running runtimes.

use std::{
    fs::{self, File, TryLockError},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Packing, Plain, Run, Running, Sandbox, Sums, program};

/// A sandbox and a mirror with the real server as 0.2.0.
#[derive(Debug)]
pub struct Stage {
    /// The home and project of all commands.
    pub sandbox: Sandbox,
    /// The source of all releases.
    pub mirror: Plain,
}

impl Stage {
    /// A stage with the real server.
    pub fn new() -> Self {
        Self::with("0.2.0", &program::server())
    }

    /// A stage with another program.
    pub fn with(version: &str, program: &[u8]) -> Self {
        let stage = Self { sandbox: Sandbox::new(), mirror: Plain::empty() };
        stage.add(version, program);
        stage
    }

    /// Adds a release.
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

    /// Runs such a command and waits for it.
    pub fn run(&self, command: &str, more: &[&str]) -> Run {
        self.spawn(command, more).wait()
    }

    /// Starts such a command.
    pub fn spawn(&self, command: &str, more: &[&str]) -> Running {
        let args = self.args(command, more);
        self.sandbox.spawn(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Runs `up --detach --json`; returns its document.
    #[track_caller]
    pub fn up(&self) -> Value {
        self.run("up", &["--detach", "--json"]).ok().json()
    }

    /// Starts `up` in the foreground and waits until it is ready; returns it and its instance in `status`.
    #[track_caller]
    pub fn foreground(&self) -> (Running, Value) {
        let mut running = self.spawn("up", &[]);
        let mut entry = Value::Null;
        until("`loom up` is ready", || {
            assert!(!running.ended(), "`loom up` ended before it was ready");
            entry = self.instance();
            // From its answer on, a signal stops the runtime.
            entry["state"] == "ready" && running.has_answered()
        });
        (running, entry)
    }

    /// The instances in `status --json`.
    #[track_caller]
    pub fn instances(&self) -> Vec<Value> {
        let document = self.sandbox.loom(&["status", "--json"]).ok().json();
        document["instances"].as_array().expect("a list of instances").clone()
    }

    /// The first instance in `status --json`; null where no runtime runs.
    #[track_caller]
    pub fn instance(&self) -> Value {
        self.instances().into_iter().next().unwrap_or_default()
    }

    /// Whether a process holds the lease of the tree in `document`.
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

/// Polls until a condition holds that depends on another process; fails after 60 s.
#[track_caller]
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "this never happened: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process runs; one that has exited and was not waited for does not.
pub fn runs(pid: &Value) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
    matches!(state, Some(Some(state)) if state != 'Z' && state != 'X')
}

/// Kills a process as `kill -9` does.
#[track_caller]
pub fn kill(pid: &Value) {
    send_signal(pid, Signal::KILL);
}

/// Suspends a process: it can be killed, but does not react to any other signal.
#[track_caller]
pub fn suspend(pid: &Value) {
    send_signal(pid, Signal::STOP);
}

/// Lets a suspended process run on.
#[track_caller]
pub fn resume(pid: &Value) {
    send_signal(pid, Signal::CONT);
}

#[track_caller]
fn send_signal(pid: &Value, signal: Signal) {
    let pid = i32::try_from(pid.as_i64().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// Whether a process listens on the bridge's address in `document`.
pub fn answers(document: &Value) -> bool {
    TcpStream::connect(document["bridge"]["address"].as_str().unwrap()).is_ok()
}
