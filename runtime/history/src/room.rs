//! Makes room in a history that is at its size.

use crate::{
    retention::{Eviction, HistoryUse, evict, measure, used_bytes},
    store::HistoryStore,
    store_opening::open_reserve,
};

/// Removes a few rows. Returns the number of runs that are gone; none if so many bytes have room, or nothing is left.
pub(crate) fn remove_some(
    store: &HistoryStore,
    usage: &mut HistoryUse,
    bytes: u64,
) -> rusqlite::Result<Option<u64>> {
    if usage.is_unmeasured() {
        *usage = store.with(|connection| measure(connection, store.page_limit))?;
    }
    usage.used = store.with(|connection| used_bytes(connection))?;
    if usage.has_room_for(bytes) {
        return Ok(None);
    }
    let next = usage.next_eviction();
    open_reserve(store, true)?;
    let removed = store.with(|connection| evict(connection, next));
    open_reserve(store, false)?;
    let removed = removed?;
    usage.subtract(next, &removed);
    let is_end = removed.is_nothing() && next == Eviction::LooseRows;
    Ok((!is_end).then_some(removed.runs))
}

/// Removes rows until so many bytes have room. Returns the number of runs that are gone; none if nothing was removed,
/// because there is room already: then it is the disk that is full.
pub(crate) fn make_room(store: &HistoryStore, bytes: u64) -> Option<u64> {
    let mut usage = HistoryUse::default();
    let mut removed = None;
    while let Ok(Some(runs)) = remove_some(store, &mut usage, bytes) {
        *removed.get_or_insert_default() += runs;
    }
    removed
}
