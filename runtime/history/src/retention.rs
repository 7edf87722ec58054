//! What is removed when a history is too large or too old.

use rusqlite::Connection;

use crate::{
    change::RunNumber,
    erasing::{remove_bodies, remove_run},
    row::Nanos,
};

/// Runs, or rows that belong to no run, that are removed in one transaction: the writer goes on in between.
const STEP: i64 = 64;

/// How the bytes of a history are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct HistoryUse {
    /// The bytes of the file that are used.
    pub(crate) used: u64,
    /// The bytes that may be used.
    pub(crate) limit: u64,
    /// Of the bodies of all runs.
    pub(crate) bodies: u64,
    /// Of the runs without a failed span, with their bodies.
    pub(crate) good: u64,
    /// Of the runs with a failed span, with their bodies.
    pub(crate) failed: u64,
}

/// What is removed next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Eviction {
    /// The bodies of the oldest runs.
    Bodies,
    /// The oldest runs without a failed span.
    GoodRuns,
    /// The oldest runs with a failed span.
    FailedRuns,
    /// The oldest events and log lines that belong to no run.
    LooseRows,
}

impl HistoryUse {
    /// Whether something is to be removed: more than 15/16 of the limit are used.
    pub(crate) fn is_full(&self) -> bool {
        self.used > self.limit / 16 * 15
    }

    /// Whether enough was removed: less than 14/16 are used, and so many bytes more have room.
    pub(crate) fn has_room_for(&self, bytes: u64) -> bool {
        self.used.saturating_add(bytes) <= self.limit / 16 * 14
    }

    /// Bodies are removed first, then good runs, then failed ones. Each of the first two keeps a share, so that the
    /// newest run is never the next to be removed because all others are of a kind that is kept longer: bodies a quarter
    /// of what runs take, good runs half of it.
    pub(crate) fn next_eviction(&self) -> Eviction {
        let runs = self.good + self.failed;
        if self.bodies > runs / 4 {
            Eviction::Bodies
        } else if self.good > runs / 2 || (self.good > 0 && self.failed == 0) {
            Eviction::GoodRuns
        } else if self.failed > 0 {
            Eviction::FailedRuns
        } else {
            Eviction::LooseRows
        }
    }
}

/// The sums over the runs.
pub(crate) fn measure(connection: &Connection, limit: u64) -> rusqlite::Result<HistoryUse> {
    let mut usage = HistoryUse { used: used_bytes(connection)?, limit, ..HistoryUse::default() };
    let sql = "SELECT failed, sum(bytes), sum(body_bytes) FROM runs GROUP BY failed";
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query(())?;
    while let Some(row) = rows.next()? {
        let sum =
            |index| row.get::<_, i64>(index).map(|sum| u64::try_from(sum).unwrap_or_default());
        let (bytes, bodies) = (sum(1)?, sum(2)?);
        usage.bodies += bodies;
        *if row.get(0)? { &mut usage.failed } else { &mut usage.good } += bytes;
    }
    Ok(usage)
}

/// The bytes of pages that hold something.
pub(crate) fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let value = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = value("page_count")? - value("freelist_count")?;
    Ok(u64::try_from(pages * value("page_size")?).unwrap_or_default())
}

/// Gives free pages back to the disk where the file is larger than it may be, because the limit was lowered.
pub(crate) fn give_back(connection: &Connection, limit: u64) -> rusqlite::Result<()> {
    const PAGES_PER_STEP: i64 = 2_048;
    let value = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let bytes = value("page_count")? * value("page_size")?;
    if bytes.unsigned_abs() <= limit || value("freelist_count")? == 0 {
        return Ok(());
    }
    let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES_PER_STEP})"))?;
    let mut steps = vacuum.query(())?;
    while steps.next()?.is_some() {}
    Ok(())
}

/// What a step removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Evicted {
    /// Runs that are gone.
    pub(crate) runs: u64,
    /// Whether the runs, or those of the bodies, have a failed span.
    failed: bool,
    /// The bytes of the runs or bodies that are gone.
    bytes: u64,
    /// Of them, those of bodies.
    bodies: u64,
    /// Whether rows that belong to no run are gone.
    loose: bool,
}

impl Evicted {
    /// Whether nothing was left to be removed.
    pub(crate) fn is_nothing(&self) -> bool {
        self.runs == 0 && self.bytes == 0 && !self.loose
    }
}

impl HistoryUse {
    /// Whether the sums over the runs are not known yet.
    pub(crate) fn is_unmeasured(&self) -> bool {
        *self == Self::default()
    }

    /// Takes what was removed from the sums. A kind of which nothing was found takes nothing, whatever its sum says.
    pub(crate) fn subtract(&mut self, kind: Eviction, removed: &Evicted) {
        let runs = if removed.failed { &mut self.failed } else { &mut self.good };
        *runs = runs.saturating_sub(removed.bytes);
        self.bodies = self.bodies.saturating_sub(removed.bodies);
        if removed.is_nothing() {
            match kind {
                Eviction::Bodies => self.bodies = 0,
                Eviction::GoodRuns => self.good = 0,
                Eviction::FailedRuns => self.failed = 0,
                Eviction::LooseRows => {}
            }
        }
    }
}

/// Removes the next few of a kind.
pub(crate) fn evict(connection: &mut Connection, kind: Eviction) -> rusqlite::Result<Evicted> {
    let transaction = connection.transaction()?;
    let evicted = match kind {
        Eviction::Bodies => evict_bodies(&transaction)?,
        Eviction::GoodRuns => evict_runs(&transaction, false)?,
        Eviction::FailedRuns => evict_runs(&transaction, true)?,
        Eviction::LooseRows => evict_loose_rows(&transaction)?,
    };
    transaction.commit()?;
    Ok(evicted)
}

/// Removes bodies of the oldest runs, those of failed ones last.
fn evict_bodies(connection: &Connection) -> rusqlite::Result<Evicted> {
    for failed in [false, true] {
        let sql = "SELECT id, body_bytes, body_bytes FROM runs WHERE failed = ?1 AND body_bytes > 0 ORDER BY id LIMIT ?2";
        let (runs, evicted) = oldest(connection, sql, failed)?;
        if runs.is_empty() {
            continue;
        }
        for run in runs {
            remove_bodies(connection, run)?;
            let sql = "UPDATE runs SET has_lost_bodies = 1 WHERE id = ?1";
            connection.prepare_cached(sql)?.execute([run])?;
        }
        return Ok(Evicted { runs: 0, ..evicted });
    }
    Ok(Evicted::default())
}

fn evict_runs(connection: &Connection, failed: bool) -> rusqlite::Result<Evicted> {
    let sql = "SELECT id, bytes, body_bytes FROM runs WHERE failed = ?1 ORDER BY id LIMIT ?2";
    let (runs, evicted) = oldest(connection, sql, failed)?;
    for run in runs {
        remove_run(connection, run)?;
    }
    Ok(evicted)
}

fn evict_loose_rows(connection: &Connection) -> rusqlite::Result<Evicted> {
    let mut removed = 0;
    for table in ["events", "logs"] {
        let sql = format!(
            "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE run IS NULL ORDER BY id LIMIT ?1)"
        );
        removed += connection.execute(&sql, [16 * STEP])?;
    }
    Ok(Evicted { loose: removed > 0, ..Evicted::default() })
}

/// The oldest runs that a query finds, with their sums.
fn oldest(
    connection: &Connection,
    sql: &str,
    failed: bool,
) -> rusqlite::Result<(Vec<RunNumber>, Evicted)> {
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query((failed, STEP))?;
    let (mut runs, mut evicted) = (Vec::new(), Evicted { failed, ..Evicted::default() });
    while let Some(row) = rows.next()? {
        runs.push(row.get(0)?);
        let sum =
            |index| row.get::<_, i64>(index).map(|sum| u64::try_from(sum).unwrap_or_default());
        evicted.bytes += sum(1)?;
        evicted.bodies += sum(2)?;
    }
    evicted.runs = runs.len() as u64;
    Ok((runs, evicted))
}

/// Removes the next few runs, events and log lines that ended before a time.
pub(crate) fn remove_older(
    connection: &mut Connection,
    before: Nanos,
) -> rusqlite::Result<Evicted> {
    let transaction = connection.transaction()?;
    // Runs begin in the order of their numbers: among the oldest are those that are too old.
    let sql = "SELECT id FROM (SELECT id, ended, is_running FROM runs ORDER BY id LIMIT ?2) \
               WHERE ended < ?1 AND is_running = 0";
    let mut select = transaction.prepare_cached(sql)?;
    let runs = select.query_map([before, 4 * STEP], |row| row.get(0))?;
    let runs: Vec<RunNumber> = runs.collect::<rusqlite::Result<_>>()?;
    drop(select);
    let mut evicted = Evicted { runs: runs.len() as u64, ..Evicted::default() };
    for run in runs {
        remove_run(&transaction, run)?;
    }
    for table in ["events", "logs"] {
        let sql = format!(
            "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE run IS NULL ORDER BY id LIMIT ?2) AND at < ?1"
        );
        evicted.loose |= transaction.execute(&sql, [before, 16 * STEP])? > 0;
    }
    let minute = before.div_euclid(60_000_000_000);
    transaction.execute("DELETE FROM minutes WHERE minute < ?1", [minute])?;
    transaction.commit()?;
    Ok(evicted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_go_first_then_good_runs_then_failed_ones() {
        for (bodies, good, failed, expected) in [
            (90, 100, 0, Eviction::Bodies),
            (26, 100, 0, Eviction::Bodies),
            (25, 100, 0, Eviction::GoodRuns),
            (25, 51, 49, Eviction::GoodRuns),
            (25, 50, 50, Eviction::FailedRuns),
            (25, 0, 100, Eviction::FailedRuns),
            (30, 0, 100, Eviction::Bodies),
            (0, 1, 0, Eviction::GoodRuns),
            (0, 0, 0, Eviction::LooseRows),
        ] {
            let usage = HistoryUse { bodies, good, failed, ..HistoryUse::default() };
            assert_eq!(usage.next_eviction(), expected, "{usage:?}");
        }
    }

    #[test]
    fn it_begins_near_the_limit_and_ends_below_it() {
        for (used, is_full, has_room) in [
            (1_600, true, false),
            (1_501, true, false),
            (1_500, false, false),
            (1_400, false, true),
        ] {
            let usage = HistoryUse { used, limit: 1_600, ..HistoryUse::default() };
            assert_eq!((usage.is_full(), usage.has_room_for(0)), (is_full, has_room), "{used}");
        }
    }
}
