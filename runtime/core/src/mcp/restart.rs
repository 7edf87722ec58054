//! When an MCP server is started again.

use std::time::Duration;

use loom_base::Backoff;

/// The pauses before a server that ended is started again: they double with every short run, and are reset by a long
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartPolicy {
    /// The pauses.
    pub backoff: Backoff,
    /// A run of at least this duration counts as healthy.
    pub healthy_after: Duration,
}

impl Default for RestartPolicy {
    /// Pauses from 500 ms to 60 s; a run of 60 s is healthy.
    fn default() -> Self {
        let backoff =
            Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(60) };
        Self { backoff, healthy_after: Duration::from_secs(60) }
    }
}

impl RestartPolicy {
    /// The pause after a run of the duration `run` that followed `failures` short runs, and the number of short runs
    /// that have now followed each other.
    pub fn after(&self, run: Duration, failures: u32) -> (Duration, u32) {
        let failures = if run >= self.healthy_after { 0 } else { failures };
        (self.backoff.pause(failures), failures.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_after_short_runs_and_begin_anew_after_a_healthy_one() {
        let policy = RestartPolicy::default();
        let seconds = Duration::from_secs_f64;
        for (run, failures, pause, then) in [
            (0.1, 0, 0.5, 1),
            (0.1, 1, 1.0, 2),
            (59.0, 4, 8.0, 5),
            (0.1, 9, 60.0, 10),
            (0.1, u32::MAX, 60.0, u32::MAX),
            (60.0, 9, 0.5, 1),
        ] {
            let next = policy.after(seconds(run), failures);
            assert_eq!(next, (seconds(pause), then), "{run} {failures}");
        }
    }
}
