//! A limit of the bytes that several queues hold together.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A number of bytes that several queues share.
#[derive(Debug)]
pub struct QueueBudget {
    used: AtomicUsize,
    limit: usize,
}

/// What one queue uses of a budget. Dropping it gives the bytes back.
#[derive(Debug)]
pub struct BudgetShare {
    budget: Arc<QueueBudget>,
    held: usize,
}

impl QueueBudget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { used: AtomicUsize::new(0), limit }
    }

    /// A share that uses nothing yet.
    pub fn share(self: &Arc<Self>) -> BudgetShare {
        BudgetShare { budget: Arc::clone(self), held: 0 }
    }

    /// The bytes in use.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl BudgetShare {
    /// Whether `bytes` more do not fit. Queues that ask at the same time may exceed the budget by one event each.
    pub fn is_full_for(&self, bytes: usize) -> bool {
        self.budget.used() + bytes > self.budget.limit
    }

    /// Uses `bytes` more.
    pub fn take(&mut self, bytes: usize) {
        self.held += bytes;
        self.budget.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Gives `bytes` back.
    pub fn give_back(&mut self, bytes: usize) {
        let bytes = bytes.min(self.held);
        self.held -= bytes;
        self.budget.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for BudgetShare {
    fn drop(&mut self) {
        self.give_back(self.held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_share_gives_its_bytes_back() {
        let budget = Arc::new(QueueBudget::new(10));
        let mut first = budget.share();
        first.take(8);
        let mut second = budget.share();
        assert!(second.is_full_for(3) && !second.is_full_for(2));
        second.take(2);
        second.give_back(5);
        assert_eq!(budget.used(), 8, "a share gives back no more than it holds");
        drop(first);
        assert_eq!(budget.used(), 0);
    }
}
