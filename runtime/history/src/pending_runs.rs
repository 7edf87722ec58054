//! The runs in the file, and those that are about to be written.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::{
    change::{ChangeBatch, RunNumber},
    intake::StoredRuns,
    run_totals::RunTotals,
    store::HistoryStore,
};

/// The runs of the store, seen through what could not be written yet.
pub(crate) struct PendingRuns<'a> {
    pub(crate) pending: &'a ChangeBatch,
    /// The numbers of the runs in `pending`.
    pub(crate) numbers: &'a HashMap<u128, RunNumber>,
    pub(crate) store: &'a HistoryStore,
}

impl StoredRuns for PendingRuns<'_> {
    fn load(&mut self, trace_id: u128) -> Option<(RunNumber, RunTotals)> {
        let number = self.numbers.get(&trace_id);
        if let Some(run) = number.and_then(|number| self.pending.runs.get(number)) {
            return Some((run.number, run.totals.clone()));
        }
        // A file that cannot be read has no runs: the row begins a new one.
        self.store.with(|connection| load(connection, trace_id)).ok().flatten()
    }
}

fn load(
    connection: &Connection,
    trace_id: u128,
) -> rusqlite::Result<Option<(RunNumber, RunTotals)>> {
    let mut select = connection.prepare_cached(
        "SELECT id, trigger, agents, started, ended, trigger_start, events, spans, errors, input_tokens, output_tokens, \
         cost, error, conversation, is_partial, is_cut, is_secret, next_row, unpriced FROM runs WHERE trace = ?1",
    )?;
    select.query_row([trace_id.to_be_bytes()], totals).optional()
}

fn totals(row: &Row<'_>) -> rusqlite::Result<(RunNumber, RunTotals)> {
    let count =
        |index| row.get::<_, i64>(index).map(|count| u64::try_from(count).unwrap_or_default());
    let agents: String = row.get(2)?;
    let totals = RunTotals {
        trigger: row.get(1)?,
        agents: serde_json::from_str(&agents).unwrap_or_default(),
        started: row.get(3)?,
        ended: row.get(4)?,
        trigger_start: row.get(5)?,
        events: count(6)?,
        spans: count(7)?,
        errors: count(8)?,
        input_tokens: count(9)?,
        output_tokens: count(10)?,
        cost: row.get(11)?,
        error: row.get(12)?,
        conversation: row.get(13)?,
        is_partial: row.get(14)?,
        is_cut: row.get(15)?,
        is_secret: row.get(16)?,
        next_row: row.get(17)?,
        unpriced: count(18)?,
    };
    Ok((row.get(0)?, totals))
}
