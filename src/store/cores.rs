//! Work on many items, on all cores or on more threads than that.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use loom_base::LockExt as _;

/// The items that a core takes at a time, so that cores seldom wait for each other.
const SHARE: usize = 16;

/// The number of threads for each core, for work that waits for the file system: the removal of a name on ext4 waits once,
/// and on two cores eight threads remove as many names in 0.55 of the time of one.
const WAITING: usize = 4;

/// The most threads that wait.
const MAX_WAITING: usize = 32;

/// Calls `act` for each item, on all cores; the results have the order of the items.
pub(super) fn on_all_cores<T: Sync, R: Send>(items: &[T], act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    on_threads(cores(), SHARE, items, act)
}

/// As [`on_all_cores`], for a few items of which some take much longer than others.
pub(super) fn on_all_cores_singly<T: Sync, R: Send>(
    items: &[T],
    act: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    on_threads(cores(), 1, items, act)
}

/// As [`on_all_cores`], for work that waits for the file system more than it computes.
pub(super) fn on_waiting_threads<T: Sync, R: Send>(
    items: &[T],
    act: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    on_threads(waiting_threads(), SHARE / WAITING, items, act)
}

/// The number of threads for work that waits for the file system.
pub(super) fn waiting_threads() -> usize {
    (cores() * WAITING).min(MAX_WAITING)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn on_threads<T: Sync, R: Send>(
    threads: usize,
    share: usize,
    items: &[T],
    act: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let shares: Vec<&[T]> = items.chunks(share).collect();
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(share) = shares.get(number) else { break };
            let of_share: Vec<R> = share.iter().map(&act).collect();
            results.locked().push((number, of_share));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(shares.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut results = std::mem::take(&mut *results.locked());
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().flat_map(|(_, of_share)| of_share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_the_order_of_the_items() {
        for count in [0, 1, SHARE, 5 * SHARE + 1] {
            let items: Vec<usize> = (0..count).collect();
            let expected: Vec<usize> = items.iter().map(|i| i * 2).collect();
            assert_eq!(on_all_cores(&items, |item| item * 2), expected);
            assert_eq!(on_all_cores_singly(&items, |item| item * 2), expected);
            assert_eq!(on_waiting_threads(&items, |item| item * 2), expected);
        }
    }
}
