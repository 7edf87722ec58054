//! Reads what a range of time looked like, and how much a history holds.

use std::collections::HashMap;

use rusqlite::{Connection, Row, Rows, types::ValueRef};

use crate::{
    instant::format_nanos,
    overview::{
        FailedSpan, HistoryCounts, HistoryOverview, HistoryRange, LatencySummary, MinuteTotals,
    },
    row::Nanos,
    run_id::RunId,
};

/// The minutes of an overview: eight days.
const MOST_MINUTES: i64 = 8 * 24 * 60;
/// The calls that latencies are made of.
const MOST_CALLS: usize = 200_000;
/// The calls of tools, and of models, that the figures of agents are made of: each is read by itself.
const MOST_AGENT_CALLS: usize = 20_000;
/// The tools, models or agents of an overview.
const MOST_NAMES: usize = 200;
/// The failed spans of an overview.
const MOST_ERRORS: i64 = 20;
const MINUTE: Nanos = 60_000_000_000;

/// What a range of time looked like.
pub(crate) fn overview(
    connection: &Connection,
    range: HistoryRange,
) -> rusqlite::Result<HistoryOverview> {
    let minutes = minutes(connection, range)?;
    let mut total = minutes.first().map_or_else(MinuteTotals::default, |first| MinuteTotals {
        at_ms: first.at_ms,
        ..MinuteTotals::default()
    });
    minutes.iter().for_each(|minute| total.add(minute));
    let (tools, tools_sampled) = latencies(connection, "tool", "0", range)?;
    let tokens = "coalesce(input_tokens, 0) + coalesce(output_tokens, 0)";
    let (models, models_sampled) = latencies(connection, "model", tokens, range)?;
    let errors = errors(connection, range)?;
    let (agents, agents_sampled) = agent_calls(connection, range)?;
    let is_sample = tools_sampled || models_sampled || agents_sampled;
    Ok(HistoryOverview { total, minutes, tools, models, agents, errors, is_sample })
}

fn minutes(connection: &Connection, range: HistoryRange) -> rusqlite::Result<Vec<MinuteTotals>> {
    let mut select = connection.prepare_cached(
        "SELECT minute, spans, errors, runs, events, left_out, input_tokens, output_tokens FROM minutes \
         WHERE minute BETWEEN ?1 AND ?2 ORDER BY minute DESC LIMIT ?3",
    )?;
    let bounds = (range.since.div_euclid(MINUTE), range.until.div_euclid(MINUTE), MOST_MINUTES);
    let newest = select.query_map(bounds, |row| {
        Ok(MinuteTotals {
            at_ms: row.get::<_, i64>(0)?.saturating_mul(60_000),
            spans: count(row, 1)?,
            errors: count(row, 2)?,
            runs: count(row, 3)?,
            events: count(row, 4)?,
            left_out: count(row, 5)?,
            input_tokens: count(row, 6)?,
            output_tokens: count(row, 7)?,
        })
    })?;
    let mut minutes: Vec<MinuteTotals> = newest.collect::<rusqlite::Result<_>>()?;
    minutes.reverse();
    Ok(minutes)
}

/// The calls of one tool or model.
#[derive(Default)]
struct CallDurations {
    nanos: Vec<i64>,
    errors: u64,
    tokens: u64,
}

/// The latencies by the name in a column, slowest p95 first, and whether they are of the newest calls only.
fn latencies(
    connection: &Connection,
    column: &str,
    tokens: &str,
    range: HistoryRange,
) -> rusqlite::Result<(Vec<LatencySummary>, bool)> {
    let mut select = connection.prepare_cached(&format!(
        "SELECT {column}, duration, outcome, {tokens} FROM spans WHERE {column} IS NOT NULL AND start BETWEEN ?1 AND ?2 \
         ORDER BY start DESC LIMIT ?3"
    ))?;
    let mut names: HashMap<String, CallDurations> = HashMap::new();
    let rows = select.query((range.since, range.until, MOST_CALLS as i64 + 1))?;
    let is_sample = add_calls(&mut names, rows, MOST_CALLS)?;
    let mut all = summaries(names);
    all.sort_by(|one, other| other.p95_ms.total_cmp(&one.p95_ms).then(one.name.cmp(&other.name)));
    all.truncate(MOST_NAMES);
    Ok((all, is_sample))
}

/// The calls of tools and models by agent, most calls first, and whether they are of the newest calls only.
fn agent_calls(
    connection: &Connection,
    range: HistoryRange,
) -> rusqlite::Result<(Vec<LatencySummary>, bool)> {
    let mut names = HashMap::new();
    let mut is_sample = false;
    for column in ["tool", "model"] {
        let mut select = connection.prepare_cached(&format!(
            "SELECT coalesce(agent, ''), duration, outcome, coalesce(input_tokens, 0) + coalesce(output_tokens, 0) \
             FROM spans WHERE {column} IS NOT NULL AND start BETWEEN ?1 AND ?2 ORDER BY start DESC LIMIT ?3"
        ))?;
        let rows = select.query((range.since, range.until, MOST_AGENT_CALLS as i64 + 1))?;
        is_sample |= add_calls(&mut names, rows, MOST_AGENT_CALLS)?;
    }
    names.remove("");
    let mut all = summaries(names);
    all.sort_by(|one, other| other.calls.cmp(&one.calls).then(one.name.cmp(&other.name)));
    all.truncate(MOST_NAMES);
    Ok((all, is_sample))
}

/// Adds calls by name, at most so many. Returns whether there are more.
fn add_calls(
    names: &mut HashMap<String, CallDurations>,
    mut rows: Rows<'_>,
    most: usize,
) -> rusqlite::Result<bool> {
    let mut calls = 0;
    while let Some(row) = rows.next()? {
        calls += 1;
        if calls > most {
            break;
        }
        let name = row.get_ref(0)?.as_str()?;
        if !names.contains_key(name) {
            names.insert(name.to_owned(), CallDurations::default());
        }
        let Some(of_name) = names.get_mut(name) else { continue };
        of_name.nanos.push(row.get(1)?);
        of_name.errors += u64::from(row.get::<_, i64>(2)? == 2);
        of_name.tokens = of_name.tokens.saturating_add(count(row, 3)?);
    }
    Ok(calls > most)
}

fn summaries(names: HashMap<String, CallDurations>) -> Vec<LatencySummary> {
    names.into_iter().map(|(name, calls)| summary(name, calls)).collect()
}

fn summary(name: String, mut calls: CallDurations) -> LatencySummary {
    calls.nanos.sort_unstable();
    let at = |share: f64| percentile(&calls.nanos, share) as f64 / 1e6;
    LatencySummary {
        name,
        calls: calls.nanos.len() as u64,
        errors: calls.errors,
        p50_ms: at(0.5),
        p95_ms: at(0.95),
        max_ms: at(1.0),
        tokens: calls.tokens,
    }
}

/// The smallest of the sorted values that so large a share of them does not exceed; 0 where there are none.
fn percentile(sorted: &[i64], share: f64) -> i64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or_default()
}

fn errors(connection: &Connection, range: HistoryRange) -> rusqlite::Result<Vec<FailedSpan>> {
    let mut select = connection.prepare_cached(
        "SELECT r.trace, s.start, s.name, s.agent, s.topic, s.tool, s.model, s.error FROM spans s \
         JOIN runs r ON r.id = s.id >> 20 WHERE s.outcome = 2 AND s.start BETWEEN ?1 AND ?2 \
         ORDER BY s.start DESC LIMIT ?3",
    )?;
    let failed = select.query_map((range.since, range.until, MOST_ERRORS), |row| {
        Ok(FailedSpan {
            run: RunId(u128::from_be_bytes(row.get(0)?)),
            timestamp: format_nanos(row.get(1)?),
            name: row.get(2)?,
            agent: row.get(3)?,
            topic: row.get(4)?,
            tool: row.get(5)?,
            model: row.get(6)?,
            error: row.get(7)?,
        })
    })?;
    failed.collect()
}

/// How much a history holds.
pub(crate) fn counts(connection: &Connection) -> rusqlite::Result<HistoryCounts> {
    let one = |sql: &str| connection.query_row(sql, (), |row| count(row, 0));
    let oldest = "SELECT min(started) FROM (SELECT started FROM runs ORDER BY id LIMIT 64)";
    let oldest: Option<Nanos> = connection.query_row(oldest, (), |row| row.get(0))?;
    Ok(HistoryCounts {
        runs: one("SELECT count(*) FROM runs")?,
        failed_runs: one("SELECT count(*) FROM runs WHERE failed = 1")?,
        spans: one("SELECT count(*) FROM spans")?,
        bodies: one("SELECT count(*) FROM bodies")?,
        events: one("SELECT count(*) FROM events")?,
        log_lines: one("SELECT count(*) FROM logs")?,
        bytes: one("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")?,
        oldest_ms: oldest.map(|at| at / 1_000_000),
    })
}

fn count(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    // A sum that exceeds SQLite's integers is a floating-point number.
    if let ValueRef::Real(sum) = row.get_ref(index)? {
        return Ok(sum as u64);
    }
    row.get::<_, i64>(index).map(|count| u64::try_from(count).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_beyond_the_integers_of_sqlite_are_read() {
        let connection = Connection::open_in_memory().unwrap();
        for (sql, expected) in [
            ("SELECT 7", 7),
            ("SELECT -1", 0),
            ("SELECT 9223372036854775807 + 1", 1 << 63),
            ("SELECT 1e300", u64::MAX),
        ] {
            let read = connection.query_row(sql, (), |row| count(row, 0)).unwrap();
            assert_eq!(read, expected, "{sql}");
        }
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let hundred: Vec<i64> = (1..=100).collect();
        for (sorted, share, expected) in [
            (&hundred[..], 0.5, 50),
            (&hundred[..], 0.95, 95),
            (&hundred[..], 1.0, 100),
            (&hundred[..1], 0.5, 1),
            (&hundred[..3], 0.5, 2),
            (&[], 0.5, 0),
        ] {
            assert_eq!(percentile(sorted, share), expected);
        }
    }
}
