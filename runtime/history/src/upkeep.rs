//! What is looked after once a second.

use std::time::Duration;

use rusqlite::OptionalExtension as _;

use crate::{
    retention::{HistoryUse, give_back, remove_older, used_bytes},
    row::Nanos,
    search_index,
    store::HistoryStore,
};

/// What the look of one second found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UpkeepOutcome {
    /// Runs that were too old and are gone.
    pub(crate) removed: u64,
    /// Whether rows are to be removed, because the history is near its size.
    pub(crate) is_full: bool,
    /// The start of the oldest run.
    pub(crate) oldest: Option<Nanos>,
    /// Bodies that wait to be indexed.
    pub(crate) backlog: u64,
}

/// Removes what ended before a time, gives pages back, and measures.
pub(crate) fn upkeep(store: &HistoryStore, before: Nanos) -> rusqlite::Result<UpkeepOutcome> {
    let limit = store.page_limit;
    store.with(|connection| {
        let removed = remove_older(connection, before)?.runs;
        give_back(connection, limit)?;
        let used = used_bytes(connection)?;
        let usage = HistoryUse { used, limit, ..HistoryUse::default() };
        let oldest = "SELECT started FROM runs ORDER BY id LIMIT 1";
        let oldest = connection.query_row(oldest, (), |row| row.get(0)).optional()?;
        let backlog = search_index::backlog(connection)?;
        Ok(UpkeepOutcome { removed, is_full: usage.is_full(), oldest, backlog })
    })
}

/// Lets every other thread run first: what is written here matters less than the events of agents.
pub(crate) fn yield_to_others() {
    // On Linux this is the priority of the calling thread; elsewhere it would be that of the whole process. Without it, the
    // thread works as before.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

/// The CPU time of this thread.
#[cfg(target_os = "linux")]
pub(crate) fn cpu_time() -> Option<Duration> {
    // utime and stime, in hundredths of a second, are the 14th and 15th field of the line; the name, in parentheses and
    // second, may have blanks.
    let stat = std::fs::read_to_string("/proc/thread-self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

/// The CPU time of this thread.
#[cfg(not(target_os = "linux"))]
pub(crate) fn cpu_time() -> Option<Duration> {
    None
}
