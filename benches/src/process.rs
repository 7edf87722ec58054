//! What one process costs.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use wait4::Wait4 as _;

use crate::setup::Outcome;

/// What a process and all processes that it waited for cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProcessCost {
    /// The time from before its start to after its end.
    pub(crate) wall: Duration,
    /// Processor time, its own and the system's for it.
    pub(crate) cpu: Duration,
    /// The largest resident set of any one process, in bytes. Never less than this program's own
    /// before the start, which is a few MiB.
    pub(crate) peak: u64,
}

/// `program` in an environment that holds only a path and `home`.
pub(crate) fn command(program: impl AsRef<Path>, home: &Path) -> Command {
    let mut command = Command::new(program.as_ref());
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", home);
    command.env("LC_ALL", "C").current_dir(home);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// A shell that ends with the first command that fails.
pub(crate) fn shell(script: &str, home: &Path) -> Command {
    let mut command = command("/bin/bash", home);
    command.args(["-e", "-o", "pipefail", "-c", script]);
    command
}

/// Runs the command and measures it.
///
/// # Errors
/// If it cannot be started, or ends with a failure: a failed run is no measurement.
pub(crate) fn measure(command: &mut Command) -> Outcome<ProcessCost> {
    let start = Instant::now();
    let child = command.spawn().map_err(|e| format!("{command:?}: {e}"))?;
    let ended = child.wait4()?;
    let wall = start.elapsed();
    if !ended.status.success() {
        return Err(format!("{command:?}: {}", ended.status).into());
    }
    let used = ended.rusage;
    Ok(ProcessCost { wall, cpu: used.utime + used.stime, peak: used.maxrss })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_what_a_shell_waits_for_is_counted() {
        let home = tempfile::tempdir().unwrap();
        let script = "head -c 100000000 /dev/zero | sha256sum";
        let cost = measure(&mut shell(script, home.path())).unwrap();
        assert!(cost.cpu > Duration::from_millis(10), "{cost:?}");
        assert!(cost.wall > Duration::from_millis(5) && cost.peak > 500_000, "{cost:?}");
        assert!(measure(&mut shell("false | true", home.path())).is_err());
    }

    #[test]
    fn the_peak_is_that_of_the_largest_process() {
        let home = tempfile::tempdir().unwrap();
        // `dd` holds one block of this size in memory.
        let script = "dd if=/dev/zero of=/dev/null bs=64M count=1 2>&1";
        let cost = measure(&mut shell(script, home.path())).unwrap();
        assert!((64 << 20..90 << 20).contains(&cost.peak), "{cost:?}");
    }
}
