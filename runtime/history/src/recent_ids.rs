//! Ids of the last seconds, bounded.

use std::{collections::HashSet, time::Duration};

/// A set that forgets: an id stays for one to two periods, or until as many newer ones came.
#[derive(Debug)]
pub(crate) struct RecentIds {
    period: Duration,
    capacity: usize,
    began: Duration,
    current: HashSet<u128>,
    before: HashSet<u128>,
}

impl RecentIds {
    pub(crate) fn new(period: Duration, capacity: usize) -> Self {
        Self {
            period,
            capacity: capacity.max(1),
            began: Duration::ZERO,
            current: HashSet::new(),
            before: HashSet::new(),
        }
    }

    pub(crate) fn insert(&mut self, id: u128, now: Duration) {
        self.forget(now);
        if self.current.len() >= self.capacity {
            self.before = std::mem::take(&mut self.current);
            self.began = now;
        }
        self.current.insert(id);
    }

    pub(crate) fn contains(&self, id: u128) -> bool {
        self.current.contains(&id) || self.before.contains(&id)
    }

    pub(crate) fn remove(&mut self, id: u128) {
        self.current.remove(&id);
        self.before.remove(&id);
    }

    /// Forgets what is older than two periods.
    pub(crate) fn forget(&mut self, now: Duration) {
        if now.saturating_sub(self.began) >= self.period {
            self.before = std::mem::take(&mut self.current);
            self.began = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_for_one_to_two_periods() {
        let second = Duration::from_secs(1);
        let mut ids = RecentIds::new(10 * second, 2);
        ids.insert(1, 9 * second);
        for (now, is_known) in [(10, true), (19, true), (20, false)] {
            ids.forget(now * second);
            assert_eq!(ids.contains(1), is_known, "{now}");
        }
        for id in 2..=6 {
            ids.insert(id, 21 * second);
        }
        assert_eq!(
            (1..=6).map(|id| ids.contains(id)).collect::<Vec<_>>(),
            [false, false, false, true, true, true]
        );
        ids.remove(6);
        assert!(!ids.contains(6));
    }
}
