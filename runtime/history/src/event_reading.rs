//! Reads events and log lines, page by page into the past.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, Row, ToSql, params_from_iter, types::Value};

use crate::{
    event_detail::{EventDetail, EventPage, EventQuery, LogDetail, LogPage, LogQuery, page_size},
    instant::format_nanos,
    row::{EventKind, SpanOutcome},
    run_id::RunId,
    run_reading::{pairs, span_hex},
};

/// A page of events, newest first.
pub(crate) fn events(connection: &Connection, query: &EventQuery) -> rusqlite::Result<EventPage> {
    let mut selection = RowSelection::default();
    if let Some(run) = query.run {
        selection.run("e", run);
    }
    if !query.kinds.is_empty() {
        let numbers: Vec<String> =
            query.kinds.iter().map(|kind| kind.to_number().to_string()).collect();
        selection.conditions.push(format!("e.kind IN ({})", numbers.join(", ")));
    }
    if let Some(topic) = &query.topic {
        match topic.strip_suffix('*') {
            None => selection.add("e.topic = ?", topic.clone().into()),
            Some(prefix) => {
                selection.add("e.topic >= ?", prefix.to_owned().into());
                selection.add("e.topic < ?", format!("{prefix}\u{10ffff}").into());
            }
        }
    }
    if let Some(agent) = &query.agent {
        selection.add("? IN (e.sender, e.receiver)", agent.clone().into());
    }
    for (sql, at) in [("e.at >= ?", query.since), ("e.at <= ?", query.until)] {
        if let Some(at) = at {
            selection.add(sql, Value::Integer(at));
        }
    }
    let columns = "e.id, e.at, e.kind, e.event, e.type, e.topic, e.sender, e.receiver, e.conversation, e.correlation, \
         e.preview, e.metadata, r.trace, e.span, e.run";
    let size = page_size(query.limit);
    let (rows, next) =
        selection.page(connection, "events e", "e", columns, query.before, size, |row| {
            Ok((row.get(14)?, row.get(13)?, event(row)?))
        })?;
    let rows = with_receivers(connection, rows)?;
    Ok(EventPage { events: with_outcomes(connection, rows)?, next })
}

/// A page of log lines, newest first.
pub(crate) fn logs(connection: &Connection, query: &LogQuery) -> rusqlite::Result<LogPage> {
    let mut selection = RowSelection::default();
    if let Some(run) = query.run {
        selection.run("l", run);
    }
    let columns = "l.id, l.at, l.level, l.target, l.message, r.trace, l.span";
    let size = page_size(query.limit);
    let (lines, next) =
        selection.page(connection, "logs l", "l", columns, query.before, size, line)?;
    Ok(LogPage { lines, next })
}

/// What the rows of a page have to meet.
#[derive(Default)]
struct RowSelection {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl RowSelection {
    fn add(&mut self, condition: &str, value: Value) {
        self.conditions.push(condition.to_owned());
        self.values.push(value);
    }

    fn run(&mut self, table: &str, run: RunId) {
        let condition = format!("{table}.run = (SELECT id FROM runs WHERE trace = ?)");
        self.add(&condition, Value::Blob(run.0.to_be_bytes().to_vec()));
    }

    /// The rows of a page, and where the next one begins.
    #[allow(clippy::too_many_arguments)]
    fn page<T>(
        mut self,
        connection: &Connection,
        from: &str,
        table: &str,
        columns: &str,
        before: Option<i64>,
        size: usize,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<(Vec<T>, Option<i64>)> {
        if let Some(before) = before {
            self.add(&format!("{table}.id < ?"), Value::Integer(before));
        }
        let mut sql =
            format!("SELECT {columns} FROM {from} LEFT JOIN runs r ON r.id = {table}.run");
        for (index, condition) in self.conditions.iter().enumerate() {
            let word = if index == 0 { "WHERE" } else { "AND" };
            sql = format!("{sql} {word} {condition}");
        }
        sql = format!("{sql} ORDER BY {table}.id DESC LIMIT {}", size + 1);
        let mut select = connection.prepare_cached(&sql)?;
        let mut rows =
            select.query(params_from_iter(self.values.iter().map(|v| v as &dyn ToSql)))?;
        let (mut page, mut last, mut next) = (Vec::new(), 0, None);
        while let Some(row) = rows.next()? {
            if page.len() == size {
                next = Some(last);
                break;
            }
            last = row.get(0)?;
            page.push(read(row)?);
        }
        Ok((page, next))
    }
}

fn event(row: &Row<'_>) -> rusqlite::Result<EventDetail> {
    let metadata = pairs(row.get(11)?).into_iter().map(|(key, value)| (key, value.into()));
    Ok(EventDetail {
        timestamp: format_nanos(row.get(1)?),
        kind: EventKind::from_number(row.get(2)?).map_or("", EventKind::as_str),
        event_id: row.get(3)?,
        published_type: row.get(4)?,
        topic: row.get(5)?,
        sender: row.get(6)?,
        receiver: row.get(7)?,
        receivers: Vec::new(),
        thread_id: row.get(8)?,
        correlation_id: row.get(9)?,
        payload_preview: row.get(10)?,
        metadata: metadata.collect(),
        run: trace(row.get(12)?),
        span_id: row.get::<_, Option<i64>>(13)?.map(span_hex),
        outcome: None,
        duration_ms: None,
        error: None,
    })
}

/// An event with the numbers of its run and span.
type EventInRun = (Option<i64>, Option<i64>, EventDetail);

/// The receivers of one event that a reader gets.
const MOST_RECEIVERS: usize = 100;
/// The deliveries of one run that are read.
const MOST_DELIVERIES: i64 = 10_000;

/// The events, with the agents that they were delivered to.
fn with_receivers(
    connection: &Connection,
    rows: Vec<EventInRun>,
) -> rusqlite::Result<Vec<EventInRun>> {
    let runs: BTreeSet<i64> = rows.iter().filter_map(|(run, span, _)| span.and(*run)).collect();
    let mut receivers: HashMap<(i64, i64), Vec<String>> = HashMap::new();
    let mut select = connection.prepare_cached(
        "SELECT parent, agent FROM spans WHERE id >= ?1 << 20 AND id < (?1 + 1) << 20 AND name = 'event.deliver' \
         AND parent IS NOT NULL AND agent IS NOT NULL LIMIT ?2",
    )?;
    for run in runs {
        let mut deliveries = select.query((run, MOST_DELIVERIES))?;
        while let Some(row) = deliveries.next()? {
            let agents = receivers.entry((run, row.get(0)?)).or_default();
            let agent: String = row.get(1)?;
            if agents.len() < MOST_RECEIVERS && !agents.contains(&agent) {
                agents.push(agent);
            }
        }
    }
    let found = |run: Option<i64>, span| run.zip(span).and_then(|of| receivers.get(&of)).cloned();
    let all = rows.into_iter().map(|(run, span, event)| {
        let receivers = found(run, span).unwrap_or_default();
        (run, span, EventDetail { receivers, ..event })
    });
    Ok(all.collect())
}

/// The events; calls with how they ended, if their spans are kept.
fn with_outcomes(
    connection: &Connection,
    rows: Vec<EventInRun>,
) -> rusqlite::Result<Vec<EventDetail>> {
    let mut select = connection.prepare_cached(
        "SELECT outcome, duration, error FROM spans WHERE id >= ?1 << 20 AND id < (?1 + 1) << 20 AND span = ?2 LIMIT 1",
    )?;
    let mut events = Vec::with_capacity(rows.len());
    for (run, span, mut event) in rows {
        let is_call = event.kind == EventKind::ToolInvoked.as_str();
        if let Some(of) = run.zip(span).filter(|_| is_call)
            && let Some(row) = select.query(of)?.next()?
        {
            let is_failed = SpanOutcome::from_number(row.get(0)?) == SpanOutcome::Error;
            event.outcome = Some(if is_failed { "failed" } else { "ok" });
            event.duration_ms = Some(row.get::<_, i64>(1)? as f64 / 1e6);
            event.error = row.get(2)?;
        }
        events.push(event);
    }
    Ok(events)
}

fn line(row: &Row<'_>) -> rusqlite::Result<LogDetail> {
    Ok(LogDetail {
        timestamp: format_nanos(row.get(1)?),
        level: row.get(2)?,
        target: row.get(3)?,
        message: row.get(4)?,
        run: trace(row.get(5)?),
        span_id: row.get::<_, Option<i64>>(6)?.map(span_hex),
    })
}

fn trace(id: Option<[u8; 16]>) -> Option<RunId> {
    id.map(|id| RunId(u128::from_be_bytes(id)))
}
