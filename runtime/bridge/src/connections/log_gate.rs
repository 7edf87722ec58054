//! One line in the log instead of many.

use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two lines.
const INTERVAL: Duration = Duration::from_secs(60);

/// Lets a message through at most once a minute.
#[derive(Debug, Default)]
pub(super) struct LogGate {
    last: Option<Instant>,
    held_back: u64,
}

impl LogGate {
    /// How many messages were held back since the last one, if this one may pass.
    pub(super) fn pass(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now - last < INTERVAL) {
            self.held_back += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_passes_per_minute() {
        let mut gate = LogGate::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let passed = [0, 1, 59, 60, 61].map(|seconds| gate.pass(at(seconds)));
        assert_eq!(passed, [Some(0), None, None, Some(2), None]);
    }
}
