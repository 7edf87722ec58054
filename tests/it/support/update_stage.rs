//! A signed mirror and a project whose runtime updates itself.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpStream,
    process::{Child, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::net::sockopt::set_socket_linger;
use serde_json::Value;

use super::{
    ArtifactKind, Entry, Packing, Sandbox, SignedDepot, node, program, schema::repository,
    stage::until,
};

/// A signed mirror and a project whose runtime updates itself.
pub struct UpdateStage {
    pub sandbox: Sandbox,
    pub mirror: SignedDepot,
}

impl UpdateStage {
    /// A runtime with these settings and a window that is closed; its newer release is acquired, and it is not switched.
    pub(crate) fn waiting_for_its_window(settings: &str) -> Self {
        let hour = now() as u64 / 3600;
        let (from, to) = ((hour + 12) % 24, (hour + 13) % 24);
        let mut stage = Self::new(&format!("{settings}\nwindow = \"{from:02}:00-{to:02}:00\""));
        let before = stage.up();
        stage.add("0.2.1", &server("0.2.1", ""));
        stage.until_noted("acquired", "0.2.1");
        std::thread::sleep(std::time::Duration::from_millis(1500));
        assert_eq!(stage.instance()["pid"], before["pid"]);
        stage
    }

    /// A mirror with the real server as 0.2.0, and `[update]` with these further lines.
    pub fn new(settings: &str) -> Self {
        let mirror = SignedDepot::of(&[]);
        let mut stage = Self { sandbox: Sandbox::new(), mirror };
        let config = stage.sandbox.home().join(".config/loom/config.toml");
        let source = format!("[[sources]]\ntype = \"mirror\"\nurl = \"{}\"\n", stage.mirror.url());
        let settings = format!("[update]\ncheck_interval = \"1s\"\n{settings}\n");
        stage.sandbox.write(&config, &format!("{source}{settings}"));
        let (file, sha256) = stage.mirror.anchor();
        stage.sandbox.loom(&["trust", "add-root", &file, "--sha256", &sha256]).ok();
        stage.add("0.2.0", &server("0.2.0", ""));
        stage
    }

    /// Publishes a version.
    pub fn add(&mut self, version: &str, program: &[u8]) {
        let kinds = [ArtifactKind::Archive(Packing::TarGz)];
        self.mirror.depot.add(version, &Entry::program(program), &kinds);
        self.mirror.serial += 1;
        self.mirror.sign();
    }

    /// Starts the runtime detached, on a free port and without a dashboard.
    #[track_caller]
    pub fn up(&self) -> Value {
        let args = ["up", "--detach", "--json", "--mode", "bridge-only", "--bridge-port", "0"];
        self.sandbox.loom(&args).ok().json()
    }

    /// The runtime in `status --json`; null where none runs.
    #[track_caller]
    pub fn instance(&self) -> Value {
        let document = self.sandbox.loom(&["status", "--json"]).ok().json();
        document["instances"].get(0).cloned().unwrap_or_default()
    }

    /// Waits until this version runs and is ready.
    #[track_caller]
    pub fn until_runs(&self, version: &str) -> Value {
        let mut instance = Value::Null;
        until(&format!("{version} runs"), || {
            instance = self.instance();
            instance["version"] == version && instance["state"] == "ready"
        });
        instance
    }

    /// The steps of updates in `why --json`.
    #[track_caller]
    pub fn updates(&self) -> Vec<Value> {
        let document = self.sandbox.loom(&["why", "--json"]).ok().json();
        document["updates"].as_array().unwrap().clone()
    }

    /// Waits for a step of an update with this event and to this version.
    #[track_caller]
    pub fn until_noted(&self, event: &str, to: &str) -> Value {
        let mut found = None;
        until(&format!("{event} {to}"), || {
            let mut updates = self.updates().into_iter().rev();
            found = updates.find(|entry| entry["event"] == event && entry["to"] == to);
            found.is_some()
        });
        found.unwrap()
    }

    /// An agent of the Python SDK at this address, which is connected when this returns.
    pub fn agent(&self, address: &str) -> TravellingAgent {
        TravellingAgent::start(&self.sandbox, address)
    }
}

/// A program that runs the real server after `prelude`, a part of a shell script. It names the variables that the server
/// knows, as the server itself does.
pub fn server(version: &str, prelude: &str) -> Vec<u8> {
    let path = program::server_path();
    let names = "# LOOM_READY_FILE LOOM_LISTEN_FDS";
    format!("#!/bin/sh\n{names}\n# {version}\n{prelude}\nexec '{}'\n", path.display()).into_bytes()
}

/// An agent that sends itself events, and the times at which they arrived.
pub struct TravellingAgent {
    child: Child,
    arrivals: Arc<Mutex<Vec<f64>>>,
    reader: Option<JoinHandle<()>>,
}

impl TravellingAgent {
    fn start(sandbox: &Sandbox, address: &str) -> Self {
        let mut python = sandbox.command(node::python("python"));
        python.arg(repository().join("tests/python/round_trips.py")).arg(address);
        python.env("PYTHONPATH", repository().join("python"));
        let mut child = python.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let arrivals: Arc<Mutex<Vec<f64>>> = Arc::default();
        let of_reader = Arc::clone(&arrivals);
        let reader = thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                of_reader.lock().unwrap().push(line.parse().unwrap());
            }
        });
        let agent = Self { child, arrivals, reader: Some(reader) };
        until("the agent is connected", || agent.last() > 0.0);
        agent
    }

    /// The time of the last arrival; 0 before the first.
    pub fn last(&self) -> f64 {
        self.arrivals.lock().unwrap().last().copied().unwrap_or_default()
    }

    /// Waits for an event that arrives after `time`.
    #[track_caller]
    pub fn until_after(&self, time: f64) {
        until("the agent is back", || self.last() > time);
    }

    /// The longest time between two arrivals.
    pub fn longest_gap(&self) -> f64 {
        let arrivals = self.arrivals.lock().unwrap();
        arrivals.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
    }
}

impl Drop for TravellingAgent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.reader.take().map(JoinHandle::join);
    }
}

/// The time in seconds since 1970.
pub fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// A client that connects again and again, and counts how often it is refused.
pub struct Connects {
    stop: Arc<AtomicBool>,
    made: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Connects {
    pub fn to(address: &str) -> Self {
        let (stop, made, refused): (Arc<AtomicBool>, Arc<AtomicU64>, Arc<AtomicU64>) =
            Default::default();
        let shared = (Arc::clone(&stop), Arc::clone(&made), Arc::clone(&refused));
        let address = address.to_owned();
        let thread = thread::spawn(move || {
            let (stop, made, refused) = shared;
            while !stop.load(Ordering::Relaxed) {
                match TcpStream::connect(&address) {
                    Ok(stream) => {
                        // Closed at once, it leaves no entry in the table of sockets, which the server reads for each
                        // connection.
                        let _ = set_socket_linger(&stream, Some(Duration::ZERO));
                        made.fetch_add(1, Ordering::Relaxed)
                    }
                    Err(_) => refused.fetch_add(1, Ordering::Relaxed),
                };
                thread::sleep(Duration::from_millis(50));
            }
        });
        Self { stop, made, refused, thread: Some(thread) }
    }

    /// Stops; returns how many connections were made, and how many were refused.
    pub fn stop(mut self) -> (u64, u64) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        (self.made.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }
}
