//! Reads one run, or one body.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::{
    row::{BodyKind, SpanOutcome},
    run_detail::{BodyDetail, LinkDetail, RunDetail, SpanDetail},
    run_id::RunId,
    run_summary::{COLUMNS, RunSummary},
    schema::keys_of_run,
};

/// The spans of a run that are read at once: as many as a run may have.
const MOST_SPANS: usize = 10_000;
/// The beginning of each body that is read with its run, in bytes.
const BODY_BEGINNING: usize = 4 << 10;
/// The bytes of bodies that are read with their run; further ones are named without their text.
const BODIES_BYTES: usize = 4 << 20;

/// A run with its spans, by start.
pub(crate) fn run(connection: &Connection, run: RunId) -> rusqlite::Result<Option<RunDetail>> {
    // One transaction, so that the sums and the rows are of the same moment.
    let transaction = connection.unchecked_transaction()?;
    let sql = format!("SELECT {COLUMNS} FROM runs r WHERE r.trace = ?1");
    let mut select = transaction.prepare_cached(&sql)?;
    let found = select.query_row([run.0.to_be_bytes()], |row| {
        Ok((row.get::<_, i64>(0)?, RunSummary::from_row(row)?))
    });
    let Some((number, summary)) = found.optional()? else { return Ok(None) };
    let (spans, further_spans) = spans(&transaction, run, number)?;
    let mut all_agents: Vec<String> = Vec::new();
    for agent in spans.iter().filter_map(|span| span.agent.as_ref()) {
        if !all_agents.contains(agent) {
            all_agents.push(agent.clone());
        }
    }
    Ok(Some(RunDetail { run: summary, all_agents, spans, further_spans }))
}

fn spans(
    connection: &Connection,
    run: RunId,
    number: i64,
) -> rusqlite::Result<(Vec<SpanDetail>, u64)> {
    let mut bodies = bodies(connection, number)?;
    let mut select = connection.prepare_cached(
        "SELECT id, span, parent, start, duration, outcome, name, agent, topic, tool, model, provider, input_tokens, \
         output_tokens, cost, first_token, finish_reason, correlation, links, attributes, error_type, error \
         FROM spans WHERE id BETWEEN ?1 AND ?2",
    )?;
    let mut rows = select.query(keys_of_run(number))?;
    let (mut spans, mut further) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        if spans.len() == MOST_SPANS {
            further += 1;
            continue;
        }
        let mut span = span(row, run)?;
        // Bodies are written right after their span.
        let key: i64 = row.get(0)?;
        let mut next = key + 1;
        while let Some(body) = bodies.remove(&next) {
            span.bodies.push(body);
            next += 1;
        }
        spans.push(span);
    }
    spans.sort_by_key(|span| span.start_time);
    Ok((spans, further))
}

fn span(row: &Row<'_>, run: RunId) -> rusqlite::Result<SpanDetail> {
    let count = |index| {
        let count: Option<i64> = row.get(index)?;
        Ok::<_, rusqlite::Error>(count.and_then(|count| u64::try_from(count).ok()))
    };
    let links: Option<String> = row.get(18)?;
    let attributes: Option<String> = row.get(19)?;
    Ok(SpanDetail {
        trace_id: run,
        span_id: span_hex(row.get(1)?),
        parent_span_id: row.get::<_, Option<i64>>(2)?.map(span_hex),
        start_time: row.get(3)?,
        duration: row.get(4)?,
        status: SpanOutcome::from_number(row.get(5)?).as_str(),
        name: row.get(6)?,
        agent: row.get(7)?,
        topic: row.get(8)?,
        tool: row.get(9)?,
        model: row.get(10)?,
        provider: row.get(11)?,
        input_tokens: count(12)?,
        output_tokens: count(13)?,
        cost: row.get(14)?,
        first_token: row.get(15)?,
        finish_reason: row.get(16)?,
        correlation_id: row.get(17)?,
        links: links.as_deref().map(link_details).unwrap_or_default(),
        attributes: pairs(attributes),
        error_type: row.get(20)?,
        error_message: row.get(21)?,
        bodies: Vec::new(),
    })
}

fn link_details(links: &str) -> Vec<LinkDetail> {
    let ids = links.split(' ').filter_map(|link| link.split_once('-'));
    let details = ids.filter_map(|(trace_id, span_id)| {
        Some(LinkDetail { trace_id: trace_id.parse().ok()?, span_id: span_id.to_owned() })
    });
    details.collect()
}

/// A span id in 16 hexadecimal digits.
pub(crate) fn span_hex(id: i64) -> String {
    format!("{id:016x}")
}

/// The bodies of a run by their keys, each with its beginning.
fn bodies(connection: &Connection, number: i64) -> rusqlite::Result<HashMap<i64, BodyDetail>> {
    let sql = format!(
        "SELECT {BODY_COLUMNS}, substr(content, 1, ?3) FROM bodies WHERE id BETWEEN ?1 AND ?2"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let [first, last] = keys_of_run(number);
    let mut rows = select.query((first, last, BODY_BEGINNING as i64))?;
    let (mut bodies, mut bytes) = (HashMap::new(), 0);
    while let Some(row) = rows.next()? {
        let mut body = body_detail(row)?;
        bytes += body.text.len();
        if bytes > BODIES_BYTES {
            body.text.clear();
            body.is_beginning = true;
        }
        bodies.insert(body.id, body);
    }
    Ok(bodies)
}

const BODY_COLUMNS: &str = "id, kind, length, kept, is_cut, content_type, redacted";

/// All of a body.
pub(crate) fn body(connection: &Connection, id: i64) -> rusqlite::Result<Option<BodyDetail>> {
    let sql = format!("SELECT {BODY_COLUMNS}, content FROM bodies WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([id], body_detail).optional()
}

fn body_detail(row: &Row<'_>) -> rusqlite::Result<BodyDetail> {
    let count =
        |index| row.get::<_, i64>(index).map(|count| u64::try_from(count).unwrap_or_default());
    let redacted: Option<String> = row.get(6)?;
    // `substr` of an empty content is NULL.
    let content = row.get::<_, Option<Vec<u8>>>(7)?.unwrap_or_default();
    let kept = count(3)?;
    let is_beginning = (content.len() as u64) < kept;
    // A character at the end may have been split.
    let end = match std::str::from_utf8(&content) {
        Err(error) if error.error_len().is_none() && is_beginning => error.valid_up_to(),
        _ => content.len(),
    };
    Ok(BodyDetail {
        id: row.get(0)?,
        kind: BodyKind::from_number(row.get(1)?).as_str(),
        length: count(2)?,
        kept,
        is_cut: row.get(4)?,
        content_type: row.get(5)?,
        redacted: redacted.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
        text: String::from_utf8_lossy(&content[..end]).into_owned(),
        is_beginning,
    })
}

/// The attributes of a span or the metadata of an event, as they are in the file.
pub(crate) fn pairs(json: Option<String>) -> BTreeMap<String, String> {
    json.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
}
