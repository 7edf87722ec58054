//! A server under measurement.

use std::{
    fs,
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{process::command, setup::Outcome};

/// How long a server may take to become ready.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The interval at which a ready file is looked for; half of it is added to the measured time.
const INTERVAL: Duration = Duration::from_micros(200);

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct MeasuredServer {
    child: Child,
    /// Its address, `ip:port`.
    pub(crate) address: String,
    /// The time from before its start until its ready file appeared.
    pub(crate) took: Duration,
    _folder: TempDir,
}

impl MeasuredServer {
    /// Starts `loom-bridge-server` with its dashboard, as `loom up` does, on ports that the system picks.
    pub(crate) fn loom(program: &Path) -> Outcome<Self> {
        Self::with_history(program, "memory")
    }

    /// The same, with this value of `LOOM_HISTORY`: a file, `memory`, as it is without a value, or `off`.
    pub(crate) fn with_history(program: &Path, history: &str) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let ready = folder.path().join("ready.json");
        let mut start_command = command(program, folder.path());
        start_command.env("LOOM_BRIDGE_ADDR", "127.0.0.1:0").env("LOOM_READY_FILE", &ready);
        start_command
            .env("LOOM_DASHBOARD", "1")
            .env("LOOM_DASHBOARD_PORT", "0")
            .env("LOOM_HISTORY", history)
            .env("RUST_LOG", "error");
        Self::start(&mut start_command, folder, || fs::read_to_string(&ready).ok(), "\"bridge\":\"")
    }

    /// Starts Debian's `nats-server`.
    pub(crate) fn nats() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().to_owned();
        let mut start_command = command("/usr/sbin/nats-server", &path);
        start_command.args(["-a", "127.0.0.1", "-p", "-1", "--ports_file_dir"]).arg(&path);
        start_command.args(["-l", "/dev/null"]);
        let ports = || {
            let named = fs::read_dir(&path).ok()?.flatten().map(|entry| entry.path());
            let file =
                named.into_iter().find(|path| path.extension().is_some_and(|e| e == "ports"));
            fs::read_to_string(file?).ok().filter(|text| text.contains("nats://"))
        };
        Self::start(&mut start_command, folder, ports, "nats://")
    }

    /// `document` returns the ready file once it exists; the address follows `after` in it.
    fn start(
        command: &mut Command,
        folder: TempDir,
        document: impl Fn() -> Option<String>,
        after: &str,
    ) -> Outcome<Self> {
        let start = Instant::now();
        let mut child = command.spawn().map_err(|e| format!("{command:?}: {e}"))?;
        while start.elapsed() < TIMEOUT {
            if let Some(document) = document() {
                let took = start.elapsed();
                let (_, rest) = document.split_once(after).ok_or("a ready file without address")?;
                let address = rest.split('"').next().unwrap_or_default().to_owned();
                return Ok(Self { child, address, took, _folder: folder });
            }
            thread::sleep(INTERVAL);
        }
        // It may have ended already, which changes nothing.
        _ = child.kill();
        _ = child.wait();
        Err(format!("{command:?} did not become ready").into())
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
        // The kernel counts these times in hundredths of a second on every platform that is measured.
        Ok(Duration::from_millis(ticks.ok_or("no times in stat")? * 10))
    }
}

impl Drop for MeasuredServer {
    fn drop(&mut self) {
        // It may have ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
