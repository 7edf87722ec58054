//! How many event spans are recorded per second.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

/// The default budget: event spans (publishing and deliveries together) recorded in one second.
pub const EVENTS_PER_SECOND: u32 = 500;

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

    /// Takes one span from the budget of the current second. Returns false if none is left.
    pub fn take(&self, now: Instant) -> bool {
        let second = now.saturating_duration_since(self.start).as_secs() & 0xffff_ffff;
        let next = |old: u64| {
            let count = if old >> 32 == second { old & 0xffff_ffff } else { 0 };
            (count < u64::from(self.limit)).then_some(second << 32 | (count + 1))
        };
        let taken = self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok();
        if !taken {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// The number of spans that were refused.
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
        for (ms, taken) in table {
            assert_eq!(budget.take(at(ms)), taken, "{ms} ms");
        }
        assert_eq!(budget.refused(), 2);
        assert!(!SpanBudget::new(0, start).take(start), "a budget of 0 records no span");
    }
}
