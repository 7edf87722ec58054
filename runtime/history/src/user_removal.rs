//! What the user removes: it leaves no bytes in the file, and its room is given back to the disk.

use crate::{erasing, retention, row::Nanos, store::HistoryStore};

/// Removes a run. Returns whether there was one.
pub(crate) fn remove_run(store: &HistoryStore, trace_id: u128) -> rusqlite::Result<bool> {
    let removed = store.with(|connection| {
        let Some(run) = erasing::number_of(connection, trace_id)? else { return Ok(false) };
        let transaction = connection.transaction()?;
        erasing::remove_run(&transaction, run)?;
        transaction.commit()?;
        Ok::<_, rusqlite::Error>(true)
    })?;
    give_back(store)?;
    Ok(removed)
}

/// Removes everything that ended before a time. Returns the number of runs.
pub(crate) fn remove_older(store: &HistoryStore, before: Nanos) -> rusqlite::Result<u64> {
    let mut runs = 0;
    loop {
        let step = store.with(|connection| retention::remove_older(connection, before))?;
        runs += step.runs;
        if step.is_nothing() {
            break;
        }
    }
    give_back(store)?;
    Ok(runs)
}

/// Removes everything.
pub(crate) fn clear(store: &HistoryStore) -> rusqlite::Result<()> {
    store.with(erasing::clear)?;
    give_back(store)
}

fn give_back(store: &HistoryStore) -> rusqlite::Result<()> {
    store.with(|connection| {
        let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
        let mut steps = vacuum.query(())?;
        while steps.next()?.is_some() {}
        Ok(())
    })
}
