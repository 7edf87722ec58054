//! Writes a batch of changes in one transaction.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use crate::{
    change::{ChangeBatch, HistoryChange, RunChange, RunNumber},
    erasing,
    overview::MinuteTotals,
    writing::{RowBytes, RowFormat, WritePosition, write_row},
};

/// What a transaction did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct WrittenBatch {
    /// The rows.
    pub(crate) rows: u64,
    /// Whether bodies were erased, so that the log of changes holds them still.
    pub(crate) has_erased: bool,
}

/// Writes a batch, or nothing of it.
pub(crate) fn write_batch(
    connection: &mut Connection,
    batch: &ChangeBatch,
    format: &RowFormat,
    position: &mut WritePosition,
) -> rusqlite::Result<WrittenBatch> {
    let transaction = connection.transaction()?;
    // The position is that of the file only once the transaction is complete.
    let mut next = *position;
    let mut written = WrittenBatch::default();
    let mut bytes: BTreeMap<RunNumber, RowBytes> = BTreeMap::new();
    let mut erased = Vec::new();
    for change in &batch.changes {
        if let HistoryChange::Erase(trace_id) = change {
            erased.push(*trace_id);
            continue;
        }
        let (run, row) = write_row(&transaction, change, format, &mut next)?;
        written.rows += 1;
        if let Some(run) = run {
            let sum = bytes.entry(run).or_default();
            sum.all += row.all;
            sum.bodies += row.bodies;
        }
    }
    for run in batch.runs.values() {
        let bytes = bytes.get(&run.number).copied().unwrap_or_default();
        write_run(&transaction, run, bytes)?;
    }
    for (minute, totals) in &batch.minutes {
        add_to_minute(&transaction, *minute, totals)?;
    }
    // Last, so that a row of the same batch is erased too.
    for trace_id in erased {
        written.has_erased |= erasing::erase_content(&transaction, trace_id)?;
    }
    transaction.commit()?;
    *position = next;
    Ok(written)
}

fn write_run(connection: &Connection, run: &RunChange, bytes: RowBytes) -> rusqlite::Result<()> {
    let totals = &run.totals;
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let mut upsert = connection.prepare_cached(
        "INSERT INTO runs VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, \
         ?20, ?21, ?22, ?23, ?24, 0) ON CONFLICT(id) DO UPDATE SET is_running = ?3, failed = ?4, is_partial = ?5, is_cut = ?6, \
         is_secret = ?7, started = ?8, ended = ?9, trigger_start = ?10, events = ?11, spans = ?12, errors = ?13, \
         input_tokens = ?14, output_tokens = ?15, next_row = ?16, bytes = bytes + ?17, body_bytes = body_bytes + ?18, \
         cost = ?19, trigger = ?20, agents = ?21, conversation = ?22, error = ?23, \
         unpriced = ?24",
    )?;
    upsert.execute(params![
        run.number,
        run.trace_id.to_be_bytes(),
        run.is_running,
        totals.errors > 0,
        totals.is_partial,
        totals.is_cut,
        totals.is_secret,
        totals.started,
        totals.ended,
        totals.trigger_start,
        count(totals.events),
        count(totals.spans),
        count(totals.errors),
        count(totals.input_tokens),
        count(totals.output_tokens),
        totals.next_row,
        bytes.all,
        bytes.bodies,
        totals.cost,
        totals.trigger,
        serde_json::Value::from(totals.agents.clone()).to_string(),
        totals.conversation,
        totals.error,
        count(totals.unpriced),
    ])?;
    Ok(())
}

fn add_to_minute(
    connection: &Connection,
    minute: i64,
    totals: &MinuteTotals,
) -> rusqlite::Result<()> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO minutes VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(minute) DO UPDATE SET \
         spans = spans + ?2, errors = errors + ?3, runs = runs + ?4, events = events + ?5, left_out = left_out + ?6, \
         input_tokens = input_tokens + ?7, output_tokens = output_tokens + ?8",
    )?;
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    upsert.execute(params![
        minute,
        count(totals.spans),
        count(totals.errors),
        count(totals.runs),
        count(totals.events),
        count(totals.left_out),
        count(totals.input_tokens),
        count(totals.output_tokens),
    ])?;
    Ok(())
}
