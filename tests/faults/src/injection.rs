//! Runs the command of a scenario under strace.

use std::{
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    points::{Fault, Point},
    run::{Looms, Run},
    scenario::Scenario,
    tally::Outcome,
    trace::{self, Call},
    world::World,
};

/// How long a run under strace may take.
const LONGEST: Duration = Duration::from_secs(20);

/// One run under strace.
#[derive(Debug)]
pub(crate) struct TracedRun {
    /// What the program answered; nothing if it did not end in time.
    pub(crate) run: Option<Run>,
    /// Its system calls.
    pub(crate) calls: Vec<Call>,
}

impl TracedRun {
    /// The run of a scenario's command; `calls` are those that are written down.
    pub(crate) fn of(
        looms: &Looms,
        world: &World,
        scenario: &Scenario,
        calls: &str,
        point: Option<&Point>,
    ) -> Outcome<Self> {
        let log = log_path(world);
        let mut strace = world.program(Path::new("strace"));
        strace.args(["-f", "-y", "-qq", "-a", "1", "-xx", "-s", "10000000", "-o"]).arg(&log);
        // With the filter in the kernel, which is faster, strace 6.1 sends no signals.
        if point.is_none_or(|point| point.fault != Fault::Kill) {
            strace.arg("--seccomp-bpf");
        }
        strace.args(["-e", &format!("trace={calls}"), "-e", "signal=none"]);
        if let Some(point) = point {
            strace.args(["-e", &point.expression()]);
        }
        strace.arg("--").arg(looms.path()).args(world.arguments(scenario.command));
        let run = Run::within(LONGEST, strace)?;
        let calls = trace::read(&fs::read_to_string(&log)?);
        Ok(Self { run, calls })
    }

    /// Whether the fault met a call that changes the world, and no other call.
    pub(crate) fn met(&self, world: &World, point: &Point) -> bool {
        let root = world.root().as_os_str().as_bytes();
        let kills = point.fault == Fault::Kill;
        let failed = |call: &&Call| if kills { call.result.is_none() } else { call.injected };
        let mut failed = self.calls.iter().filter(failed).filter(|call| call.name == point.call());
        match kills {
            true => failed.any(|call| call.changes(root)),
            false => {
                let failed: Vec<&Call> = failed.collect();
                !failed.is_empty() && failed.iter().all(|call| call.changes(root))
            }
        }
    }
}

/// The file for the output of strace, beside the world.
fn log_path(world: &World) -> PathBuf {
    let mut name = world.root().as_os_str().to_owned();
    name.push(".log");
    name.into()
}
