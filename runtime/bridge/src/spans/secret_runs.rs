//! The runs that are marked secret.

use std::collections::{HashSet, VecDeque};

/// The runs that are remembered; the one that was marked first is forgotten first.
const MAX_RUNS: usize = 32_768;

/// The latest runs that were marked secret, so that nothing that comes late is kept.
#[derive(Debug, Default)]
pub struct SecretRuns {
    runs: HashSet<u128>,
    order: VecDeque<u128>,
}

impl SecretRuns {
    /// Marks a run; whether it was not marked before.
    pub fn insert(&mut self, trace_id: u128) -> bool {
        if !self.runs.insert(trace_id) {
            return false;
        }
        self.order.push_back(trace_id);
        if self.order.len() > MAX_RUNS
            && let Some(first) = self.order.pop_front()
        {
            self.runs.remove(&first);
        }
        true
    }

    /// Whether a run is marked.
    pub fn contains(&self, trace_id: u128) -> bool {
        !self.runs.is_empty() && self.runs.contains(&trace_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_run_is_forgotten_first() {
        let mut runs = SecretRuns::default();
        assert!(!runs.contains(0) && runs.insert(0) && !runs.insert(0));
        (1..=MAX_RUNS as u128).for_each(|run| assert!(runs.insert(run)));
        assert_eq!([0, 1, MAX_RUNS as u128].map(|run| runs.contains(run)), [false, true, true]);
        assert_eq!(runs.order.len(), MAX_RUNS);
    }
}
