//! Pauses between attempts: each twice as long as the one before, up to a limit.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

/// Exponential backoff.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use loom_base::Backoff;
///
/// let backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(60) };
/// assert_eq!(backoff.pause(0), Duration::from_millis(500));
/// assert_eq!(backoff.pause(3), Duration::from_secs(4));
/// assert_eq!(backoff.pause(100), Duration::from_secs(60));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The pause after the first failure.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Backoff {
    /// The pause after a failure that `failures` others preceded.
    pub fn pause(&self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }

    /// The same pause, shortened by up to a half: `jitter` in 0..=1 spreads those that failed together. Values
    /// outside are clamped.
    pub fn pause_with_jitter(&self, failures: u32, jitter: f64) -> Duration {
        self.pause(failures).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }
}

/// A random number in 0..1, good enough to spread retries and for nothing else; for secrets see
/// [`token`](crate::token).
pub fn jitter() -> f64 {
    // The upper 53 bits fill the mantissa of an f64 exactly.
    let random = RandomState::new().hash_one(0_u8);
    (random >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_bounded() {
        let backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60) };
        for (failures, seconds) in
            [(0, 1), (1, 2), (5, 32), (6, 60), (31, 60), (32, 60), (u32::MAX, 60)]
        {
            assert_eq!(backoff.pause(failures), Duration::from_secs(seconds), "{failures}");
        }
    }

    #[test]
    fn jitter_shortens_by_at_most_half() {
        let backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60) };
        for (jitter, milliseconds) in
            [(0.0, 500), (0.5, 750), (1.0, 1000), (-1.0, 500), (9.0, 1000)]
        {
            let pause = backoff.pause_with_jitter(0, jitter);
            assert_eq!(pause, Duration::from_millis(milliseconds), "{jitter}");
        }
        for _ in 0..100 {
            assert!((0.0..1.0).contains(&jitter()));
        }
    }
}
