//! How many rows are stored in one second.

use std::time::Duration;

/// The rows of each second. New runs get three quarters; the rest is for runs that were admitted before, and for failed
/// ones that were left out.
#[derive(Debug)]
pub(crate) struct RowBudget {
    limit: usize,
    second: u64,
    used: usize,
}

impl RowBudget {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit: limit as usize, second: 0, used: 0 }
    }

    /// The rows that are stored in each second.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// The rows that can still be stored in this second.
    pub(crate) fn left(&mut self, now: Duration) -> usize {
        if self.second != now.as_secs() {
            self.second = now.as_secs();
            self.used = 0;
        }
        self.limit - self.used
    }

    /// Whether a new run may begin in this second.
    pub(crate) fn admits_run(&mut self, now: Duration) -> bool {
        let left = self.left(now);
        left > 0 && left > self.limit / 4
    }

    /// Takes rows from the budget of this second; false, and none is taken, if there are not so many.
    pub(crate) fn take(&mut self, rows: usize, now: Duration) -> bool {
        let fits = rows <= self.left(now);
        if fits {
            self.used += rows;
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_runs_leave_a_quarter_of_each_second() {
        let mut budget = RowBudget::new(8);
        for (ms, rows, admits, taken) in [
            (0, 5, true, true),
            (100, 1, true, true),
            (200, 1, false, true),
            (300, 2, false, false),
            (400, 1, false, true),
            (999, 1, false, false),
            (1_000, 8, true, true),
            (5_000, 9, true, false),
        ] {
            let now = Duration::from_millis(ms);
            assert_eq!((budget.admits_run(now), budget.take(rows, now)), (admits, taken), "{ms}");
        }
        assert!(!RowBudget::new(0).admits_run(Duration::ZERO));
        assert!(RowBudget::new(1).admits_run(Duration::ZERO));
    }
}
