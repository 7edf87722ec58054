//! A runtime with a dashboard, and commands that ask it.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::Value;

use super::{Run, Stage, until};

/// A stage whose runtime has a dashboard.
#[derive(Debug)]
pub struct DashboardStage {
    /// Home, project, and the mirror.
    pub stage: Stage,
}

impl DashboardStage {
    /// A stage where no runtime runs yet.
    pub fn new() -> Self {
        Self { stage: Stage::new() }
    }

    /// Starts the runtime; returns the document of `up`.
    #[track_caller]
    pub fn up(&self) -> Value {
        let url = self.stage.mirror.url();
        let ports = ["--bridge-port", "0", "--dashboard-port", "0"];
        let up = ["up", "--version", "0.2.0", "--source", &url, "--detach", "--json"];
        self.loom(&[&up[..], &ports].concat()).ok().json()
    }

    /// Runs `loom`.
    pub fn loom(&self, args: &[&str]) -> Run {
        self.stage.sandbox.loom(args)
    }

    /// The document of a command.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Value {
        self.loom(&[args, &["--json"]].concat()).ok().json()
    }

    /// The number of those who follow the events as they happen.
    pub fn observers(&self) -> u64 {
        self.get("/api/events/status")["subscribers"].as_u64().unwrap()
    }

    /// What the dashboard answers at a path.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        let url = self.stage.instance()["dashboard"]["url"].as_str().unwrap_or_default().to_owned();
        let address = url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// The past events on a topic, once there are so many.
    #[track_caller]
    pub fn events(&self, topic: &str, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        until("the events are in the history", || {
            let document = self.json(&["events", "--topic", topic]);
            events = document["events"].as_array().unwrap().clone();
            events.len() >= count
        });
        events
    }
}
