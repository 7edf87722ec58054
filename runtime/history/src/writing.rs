//! Writes rows into the tables.

use rusqlite::{Connection, params};

use crate::{
    change::{HistoryChange, NameKind, RunNumber, SpanChange},
    instant::duration_to_nanos,
    key_patterns::KeyPatterns,
    redaction::{redact_body, redact_value, redacted_preview},
    row::{BodyRow, EventRow, LogRow},
    run_totals::shortened,
    schema::row_key,
    search_index,
};

/// The attributes, metadata or links of a row that are kept.
const MOST_PAIRS: usize = 64;
/// The part of a log message that is kept, in bytes.
const LOG_BYTES: usize = 4 << 10;
/// What a row takes beside its texts.
const ROW_BYTES: usize = 96;

/// How rows are written.
#[derive(Debug, Clone)]
pub(crate) struct RowFormat {
    /// The keys whose values are replaced.
    pub(crate) redaction: KeyPatterns,
    /// The part of a body that is kept.
    pub(crate) body_bytes: usize,
}

/// The bytes that a row took, roughly.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RowBytes {
    pub(crate) all: i64,
    pub(crate) bodies: i64,
}

/// The keys of the next event and log line, and the bodies that may be indexed now.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct WritePosition {
    pub(crate) event: i64,
    pub(crate) log: i64,
    pub(crate) indexed: usize,
    pub(crate) may_index: usize,
}

/// The number of the next run, and the keys of the next rows.
pub(crate) fn positions(connection: &Connection) -> rusqlite::Result<(RunNumber, WritePosition)> {
    let next = |table: &str| {
        let sql = format!("SELECT coalesce(max(id), 0) + 1 FROM {table}");
        connection.query_row(&sql, (), |row| row.get::<_, i64>(0))
    };
    let position =
        WritePosition { event: next("events")?, log: next("logs")?, ..WritePosition::default() };
    Ok((next("runs")?, position))
}

/// Writes one row. Returns its run and its bytes.
pub(crate) fn write_row(
    connection: &Connection,
    change: &HistoryChange,
    format: &RowFormat,
    position: &mut WritePosition,
) -> rusqlite::Result<(Option<RunNumber>, RowBytes)> {
    match change {
        HistoryChange::Span(span) => {
            let bytes = write_span(connection, span, format, position)?;
            Ok((Some(span.run), bytes))
        }
        HistoryChange::Event { run, row } => {
            let bytes = write_event(connection, *run, row, format, position)?;
            Ok((*run, RowBytes { all: bytes as i64, bodies: 0 }))
        }
        HistoryChange::Log { run, row } => {
            write_log(connection, *run, row, position)?;
            let bytes = ROW_BYTES + row.message.len().min(LOG_BYTES);
            Ok((*run, RowBytes { all: bytes as i64, bodies: 0 }))
        }
        HistoryChange::Erase(_) => Ok((None, RowBytes::default())),
    }
}

fn write_span(
    connection: &Connection,
    change: &SpanChange,
    format: &RowFormat,
    position: &mut WritePosition,
) -> rusqlite::Result<RowBytes> {
    let row = &*change.row;
    let links = row.links.iter().take(MOST_PAIRS);
    let links: Vec<String> =
        links.map(|link| format!("{:032x}-{:016x}", link.trace_id, link.span_id)).collect();
    let links = (!links.is_empty()).then(|| links.join(" "));
    let attributes = row.attributes.iter().map(|(key, value)| (&**key, &**value));
    let attributes = pairs(attributes, &format.redaction);
    let text = |text: &Option<String>| text.as_deref().map(shortened);
    let number =
        |number: Option<u64>| number.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    let (agent, topic, tool) = (text(&row.agent), text(&row.topic), text(&row.tool));
    let error = text(&row.error);
    let texts = [&agent, &topic, &tool, &error, &links, &attributes];
    let bytes: usize = texts.into_iter().flatten().map(String::len).sum();
    let mut insert = connection.prepare_cached(
        "INSERT INTO spans VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, \
         ?20, ?21, ?22, ?23)",
    )?;
    insert.execute(params![
        row_key(change.run, change.number),
        row.span_id as i64,
        row.parent.map(|parent| parent as i64),
        row.start,
        duration_to_nanos(row.duration),
        row.outcome.to_number(),
        shortened(&row.name),
        agent,
        topic,
        tool,
        text(&row.model),
        text(&row.provider),
        number(row.input_tokens),
        number(row.output_tokens),
        change.cost,
        row.first_token.map(duration_to_nanos),
        text(&row.finish_reason),
        text(&row.correlation_id),
        text(&row.conversation),
        links,
        attributes,
        text(&row.error_type),
        error,
    ])?;
    write_names(connection, change)?;
    let mut written = RowBytes { all: (ROW_BYTES + bytes) as i64, bodies: 0 };
    for (number, body) in (change.number + 1..).zip(&row.bodies) {
        let key = row_key(change.run, number);
        let bytes = write_body(connection, key, row.span_id, body, format, position)?;
        written.bodies += bytes;
        written.all += bytes;
    }
    Ok(written)
}

fn write_names(connection: &Connection, change: &SpanChange) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO run_names(kind, name, run) VALUES(?1, ?2, ?3)";
    for kind in &change.new_names {
        let Some(name) = NameKind::of(*kind, &change.row) else { continue };
        let values = (*kind as i64, shortened(name), change.run);
        connection.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

fn write_body(
    connection: &Connection,
    key: i64,
    span_id: u64,
    body: &BodyRow,
    format: &RowFormat,
    position: &mut WritePosition,
) -> rusqlite::Result<i64> {
    let content_type = shortened(&body.content_type);
    let kept = redact_body(&body.content, &content_type, format.body_bytes, &format.redaction);
    let redacted = (!kept.keys.is_empty()).then(|| serde_json::Value::from(kept.keys).to_string());
    let sql = "INSERT INTO bodies VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    connection.prepare_cached(sql)?.execute(params![
        key,
        span_id as i64,
        body.kind.to_number(),
        body.content.len() as i64,
        kept.content.len() as i64,
        kept.is_cut,
        content_type,
        redacted,
        kept.content,
    ])?;
    if position.indexed < position.may_index {
        position.indexed += 1;
        search_index::add(connection, key, &kept.content)?;
    } else {
        search_index::defer(connection, key)?;
    }
    Ok((ROW_BYTES + kept.content.len()) as i64)
}

fn write_event(
    connection: &Connection,
    run: Option<RunNumber>,
    row: &EventRow,
    format: &RowFormat,
    position: &mut WritePosition,
) -> rusqlite::Result<usize> {
    let metadata = row.metadata.iter().map(|(key, value)| (&**key, &**value));
    let metadata = pairs(metadata, &format.redaction);
    let preview = redacted_preview(&row.payload, &format.redaction);
    let bytes =
        ROW_BYTES + row.topic.len() + preview.len() + metadata.as_deref().map_or(0, str::len);
    let text = |text: &Option<String>| text.as_deref().map(shortened);
    let sql =
        "INSERT INTO events VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    connection.prepare_cached(sql)?.execute(params![
        position.event,
        run,
        row.span.map(|span| span.span_id as i64),
        row.at,
        row.kind.to_number(),
        shortened(&row.id),
        shortened(&row.event_type),
        shortened(&row.topic),
        text(&row.sender),
        text(&row.receiver),
        text(&row.conversation),
        text(&row.correlation_id),
        metadata,
        preview,
    ])?;
    position.event += 1;
    Ok(bytes)
}

fn write_log(
    connection: &Connection,
    run: Option<RunNumber>,
    row: &LogRow,
    position: &mut WritePosition,
) -> rusqlite::Result<()> {
    let message = &row.message[..row.message.floor_char_boundary(LOG_BYTES)];
    let sql = "INSERT INTO logs VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    connection.prepare_cached(sql)?.execute(params![
        position.log,
        run,
        row.span.map(|span| span.span_id as i64),
        row.at,
        &*row.level,
        shortened(&row.target),
        message,
    ])?;
    position.log += 1;
    Ok(())
}

/// Pairs as a JSON object, redacted before they are cut.
fn pairs<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    redaction: &KeyPatterns,
) -> Option<String> {
    let kept = pairs.take(MOST_PAIRS).map(|(key, value)| {
        (shortened(key), serde_json::Value::from(shortened(&redact_value(key, value, redaction))))
    });
    let object: serde_json::Map<_, _> = kept.collect();
    (!object.is_empty()).then(|| serde_json::Value::from(object).to_string())
}
