//! What was seen lately: a map that forgets by age and by number.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    time::{Duration, Instant},
};

/// How long something is known after it was seen first (ruled by the design of traces).
const MAX_AGE: Duration = Duration::from_secs(600);
/// How many entries are known; the oldest is forgotten first.
pub(crate) const MAX_RECENT: usize = 65_536;

/// A map of what was seen lately.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    entries: HashMap<K, (Instant, V)>,
    /// By age. An entry that was replaced since is here twice, and counts by its later time.
    order: VecDeque<(Instant, K)>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new() }
    }
}

impl<K: Copy + Eq + Hash, V: Copy> Recent<K, V> {
    /// What is known of `key` at `now`.
    pub(crate) fn get(&self, key: K, now: Instant) -> Option<V> {
        let (since, value) = self.entries.get(&key)?;
        (now.saturating_duration_since(*since) < MAX_AGE).then_some(*value)
    }

    /// Notes a value, in place of an earlier one.
    pub(crate) fn insert(&mut self, key: K, value: V, now: Instant) {
        self.entries.insert(key, (now, value));
        self.order.push_back((now, key));
        while self.order.len() > MAX_RECENT || self.front_is_too_old(now) {
            let Some((since, key)) = self.order.pop_front() else { break };
            if self.entries.get(&key).is_some_and(|(known, _)| *known == since) {
                self.entries.remove(&key);
            }
        }
    }

    fn front_is_too_old(&self, now: Instant) -> bool {
        let age = |(since, _): &(Instant, K)| now.saturating_duration_since(*since);
        self.order.front().map(age).is_some_and(|age| age >= MAX_AGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_entries_and_too_many_are_forgotten() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut recent = Recent::default();
        recent.insert(1_u32, 'a', at(0));
        recent.insert(2, 'b', at(300));
        recent.insert(1, 'c', at(400));
        let known =
            |recent: &Recent<u32, char>, seconds| [1, 2].map(|k| recent.get(k, at(seconds)));
        assert_eq!(known(&recent, 600), [Some('c'), Some('b')]);
        assert_eq!(known(&recent, 900), [Some('c'), None]);
        recent.insert(3, 'd', at(950));
        assert_eq!((recent.entries.len(), recent.order.len()), (2, 2));
        for key in 10..10 + MAX_RECENT as u32 {
            recent.insert(key, 'x', at(950));
        }
        assert_eq!((recent.entries.len(), recent.order.len()), (MAX_RECENT, MAX_RECENT));
        assert_eq!(recent.get(3, at(950)), None);
    }
}
