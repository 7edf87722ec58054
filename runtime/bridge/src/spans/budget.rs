//! How many event spans are recorded per second.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

/// The default budget: event spans (publishing and deliveries together) recorded in one second.
pub const EVENTS_PER_SECOND: u32 = 2_000;

/// A budget per second, without a lock.
#[derive(Debug)]
pub struct SpanBudget {
    start: Instant,
    limit: u32,
    /// The second since the start (upper half) and the spans taken in it (lower half).
    taken: AtomicU64,
    refused: AtomicU64,
}

impl SpanBudget {
    /// A budget of `limit` spans per second, counted from `start`.
    pub fn new(limit: u32, start: Instant) -> Self {
        Self { start, limit, taken: AtomicU64::new(0), refused: AtomicU64::new(0) }
    }

    /// Whether a span is left in the current second.
    pub fn admit(&self, now: Instant) -> bool {
        let taken = self.taken.load(Ordering::Relaxed);
        let count = if taken >> 32 == self.second(now) { taken & 0xffff_ffff } else { 0 };
        count < u64::from(self.limit)
    }

    /// Counts a span that is recorded. The spans of what was admitted before may exceed the budget.
    pub fn count(&self, now: Instant) {
        let second = self.second(now);
        let next = |old: u64| {
            let count = if old >> 32 == second { old & 0xffff_ffff } else { 0 };
            Some(second << 32 | (count + 1).min(0xffff_ffff))
        };
        _ = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }

    /// Counts a span that is not recorded.
    pub fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.start).as_secs() & 0xffff_ffff
    }

    /// The number of spans that were not recorded.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_second_has_its_own_budget() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let budget = SpanBudget::new(2, start);
        let table = [
            (0, true),
            (10, true),
            (999, false),
            (1000, true),
            (1500, true),
            (1999, false),
            (9000, true),
        ];
        for (ms, is_admitted) in table {
            assert_eq!(budget.admit(at(ms)), is_admitted, "{ms} ms");
            if is_admitted {
                budget.count(at(ms));
            } else {
                budget.refuse();
            }
        }
        assert_eq!(budget.refused(), 2);
        (0..5).for_each(|_| budget.count(at(9000)));
        assert!(!budget.admit(at(9999)) && budget.admit(at(10_000)), "spans of earlier traces");
        assert!(!SpanBudget::new(0, start).admit(start), "a budget of 0 records no span");
    }
}
