//! A server under measurement.

use std::{
    fs,
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{Outcome, process::command};

/// What a server may take to get ready.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a ready file is looked for; adds half of it to what is measured.
const LOOK: Duration = Duration::from_micros(200);

/// A running server; gone when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it takes connections, `ip:port`.
    pub(crate) address: String,
    /// From before its start until it said that it is ready.
    pub(crate) took: Duration,
    _folder: TempDir,
}

impl Server {
    /// Starts `loom-bridge-server` as `loom up` does, dashboard and all, on ports that the system picks.
    pub(crate) fn loom(program: &Path) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let ready = folder.path().join("ready.json");
        let mut start = command(program, folder.path());
        start.env("LOOM_BRIDGE_ADDR", "127.0.0.1:0").env("LOOM_READY_FILE", &ready);
        start.env("LOOM_DASHBOARD", "1").env("LOOM_DASHBOARD_PORT", "0").env("RUST_LOG", "error");
        Self::start(&mut start, folder, || fs::read_to_string(&ready).ok(), "\"bridge\":\"")
    }

    /// Starts Debian's `nats-server`.
    pub(crate) fn nats() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().to_owned();
        let mut start = command("/usr/sbin/nats-server", &path);
        start.args(["-a", "127.0.0.1", "-p", "-1", "--ports_file_dir"]).arg(&path);
        start.args(["-l", "/dev/null"]);
        let ports = || {
            let named = fs::read_dir(&path).ok()?.flatten().map(|entry| entry.path());
            let file =
                named.into_iter().find(|path| path.extension().is_some_and(|e| e == "ports"));
            fs::read_to_string(file?).ok().filter(|text| text.contains("nats://"))
        };
        Self::start(&mut start, folder, ports, "nats://")
    }

    /// `told` answers a document once there is one; the address follows `after` in it.
    fn start(
        start: &mut Command,
        folder: TempDir,
        told: impl Fn() -> Option<String>,
        after: &str,
    ) -> Outcome<Self> {
        let begun = Instant::now();
        let mut child = start.spawn().map_err(|e| format!("{start:?}: {e}"))?;
        while begun.elapsed() < PATIENCE {
            if let Some(document) = told() {
                let took = begun.elapsed();
                let (_, rest) = document.split_once(after).ok_or("a ready file without address")?;
                let address = rest.split('"').next().unwrap_or_default().to_owned();
                return Ok(Self { child, address, took, _folder: folder });
            }
            thread::sleep(LOOK);
        }
        // Not ready in time, so it is of no use; that it was gone already changes nothing.
        _ = child.kill();
        _ = child.wait();
        Err(format!("{start:?} did not get ready").into())
    }

    /// The resident set, in MiB.
    pub(crate) fn memory(&self) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }

    /// Processor time so far, its own and the system's for it.
    pub(crate) fn cpu(&self) -> Outcome<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, fields) = stat.rsplit_once(')').ok_or("no name in stat")?;
        let ticks =
            |at: usize| fields.split_whitespace().nth(at).and_then(|t| t.parse::<u64>().ok());
        let ticks = ticks(11).zip(ticks(12)).map(|(user, system)| user + system);
        // The kernel tells these times in hundredths of a second on every platform that we measure on.
        Ok(Duration::from_millis(ticks.ok_or("no times in stat")? * 10))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
