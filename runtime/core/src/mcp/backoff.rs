//! When to start a server again.

use std::time::Duration;

/// How long to wait before a server that ended is started again: longer each time, anew once it lived for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause; each further one is twice as long.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
    /// A life as long as this one was a good one.
    pub good: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { first: Duration::from_millis(500), longest: seconds(60), good: seconds(60) }
    }
}

impl Backoff {
    /// The pause after a life that took `lived`, where the `failed` before it were short; and how many were, now.
    pub fn after(&self, lived: Duration, failed: u32) -> (Duration, u32) {
        let failed = if lived >= self.good { 0 } else { failed };
        let doubled = 1_u32.checked_shl(failed).unwrap_or(u32::MAX);
        (self.first.saturating_mul(doubled).min(self.longest), failed.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lives_wait_longer_and_a_good_one_forgets_them() {
        let backoff = Backoff::default();
        let seconds = Duration::from_secs_f64;
        for (lived, failed, pause, then) in [
            (0.1, 0, 0.5, 1),
            (0.1, 1, 1.0, 2),
            (59.0, 4, 8.0, 5),
            (0.1, 9, 60.0, 10),
            (0.1, u32::MAX, 60.0, u32::MAX),
            (60.0, 9, 0.5, 1),
        ] {
            assert_eq!(
                backoff.after(seconds(lived), failed),
                (seconds(pause), then),
                "{lived} {failed}"
            );
        }
    }
}
