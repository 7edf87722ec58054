//! Counters of the events that were delivered to an agent.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use loom_base::LockExt as _;

/// The number of events delivered to one agent, by subscribed pattern.
#[derive(Debug, Default)]
pub struct DeliveryCounters(Mutex<BTreeMap<Arc<str>, u64>>);

impl DeliveryCounters {
    /// Counts one delivery.
    pub fn increment(&self, pattern: &Arc<str>) {
        let mut counts = self.0.locked();
        match counts.get_mut(pattern) {
            Some(count) => *count += 1,
            None => _ = counts.insert(Arc::clone(pattern), 1),
        }
    }

    /// The number of deliveries of `pattern`.
    pub fn count(&self, pattern: &str) -> u64 {
        self.0.locked().get(pattern).copied().unwrap_or(0)
    }
}
