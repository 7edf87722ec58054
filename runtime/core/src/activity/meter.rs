//! Rates over the last seconds.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// The number of seconds that a rate covers, including the current one.
const WINDOW: u64 = 10;

/// Counts occurrences per second in a ring of atomics, without a lock. Seconds older than the ring are overwritten and
/// no longer counted.
#[derive(Debug)]
pub struct Meter {
    start: Instant,
    /// Each slot holds a second since the start (upper half) and the count in it (lower half).
    seconds: [AtomicU64; WINDOW as usize],
}

impl Meter {
    /// A meter that starts at `start`.
    pub fn new(start: Instant) -> Self {
        Self { start, seconds: Default::default() }
    }

    /// Counts one occurrence.
    pub fn mark(&self, now: Instant) {
        let second = self.second(now);
        let slot = &self.seconds[(second % WINDOW) as usize];
        let counted = |old: u64| {
            let count = if old >> 32 == second { old & 0xffff_ffff } else { 0 };
            Some(second << 32 | (count + 1).min(0xffff_ffff))
        };
        // The closure always returns Some, so this cannot fail.
        _ = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, counted);
    }

    /// Occurrences per second over the last ten seconds; since the start if that is less, and at least over one second.
    pub fn per_second(&self, now: Instant) -> f64 {
        let second = self.second(now);
        let counts = self.seconds.iter().map(|slot| slot.load(Ordering::Relaxed));
        let recent = counts.filter(|slot| (slot >> 32) + WINDOW > second);
        let sum: u64 = recent.map(|slot| slot & 0xffff_ffff).sum();
        let age = now.saturating_duration_since(self.start);
        let span = age.clamp(Duration::from_secs(1), Duration::from_secs(WINDOW));
        sum as f64 / span.as_secs_f64()
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.start).as_secs() & 0xffff_ffff
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_covers_the_last_ten_seconds() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        let meter = Meter::new(start);
        assert_eq!(meter.per_second(at(0.0)), 0.0);
        (0..20).for_each(|_| meter.mark(at(0.1)));
        assert_eq!(meter.per_second(at(0.2)), 20.0);
        assert_eq!(meter.per_second(at(4.0)), 5.0);
        assert_eq!(meter.per_second(at(9.99)).round(), 2.0);
        assert_eq!(meter.per_second(at(10.0)), 0.0);
        meter.mark(at(1000.0));
        assert_eq!(meter.per_second(at(1000.5)), 0.1);
    }
}
