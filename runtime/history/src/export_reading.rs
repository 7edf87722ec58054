//! Reads the events that a run began with.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::{
    export::{EXPORT_SCHEMA, ExportError, ExportedEvent, RunExport},
    instant::format_nanos,
    redaction::REPLACED,
    row::{BodyKind, EventKind, Nanos},
    run_id::RunId,
    run_reading::pairs,
    schema::keys_of_run,
};

/// The events of an exported run.
const MOST_EVENTS: i64 = 10_000;
/// Keys of metadata that place an event in a trace; the replay makes a new one.
const TRACE_KEYS: [&str; 8] = [
    "traceparent",
    "tracestate",
    "trace_id",
    "span_id",
    "loom.traceparent",
    "loom.tracestate",
    "loom.trace_id",
    "loom.span_id",
];

/// The events of a run that came from outside: those whose span has no parent in the run.
pub(crate) fn export(
    connection: &Connection,
    run: RunId,
) -> rusqlite::Result<Result<RunExport, ExportError>> {
    let transaction = connection.unchecked_transaction()?;
    let find = "SELECT id, started, cost FROM runs WHERE trace = ?1";
    let found = transaction.query_row(find, [run.0.to_be_bytes()], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Nanos>(1)?, row.get(2)?))
    });
    let Some((number, started, cost)) = found.optional()? else {
        return Ok(Err(ExportError::Unknown(run)));
    };
    let roots = roots(&transaction, number)?;
    if roots.is_empty() {
        return Ok(Err(ExportError::NoEvents(run)));
    }
    let mut before = roots[0].at;
    let mut events = Vec::new();
    for root in roots {
        let gap = root.at.saturating_sub(std::mem::replace(&mut before, root.at));
        match root.exported(gap) {
            Ok(event) => events.push(event),
            Err(error) => return Ok(Err(error)),
        }
    }
    let started_at = format_nanos(started);
    Ok(Ok(RunExport { schema: EXPORT_SCHEMA, run, started_at, cost, events }))
}

/// An event that a run began with, and its payload.
struct RootEvent {
    id: String,
    at: Nanos,
    event_type: String,
    topic: String,
    metadata: BTreeMap<String, String>,
    payload: Option<RootPayload>,
}

struct RootPayload {
    length: u64,
    is_cut: bool,
    redacted: Vec<String>,
    content: Vec<u8>,
}

fn roots(connection: &Connection, number: i64) -> rusqlite::Result<Vec<RootEvent>> {
    let mut select = connection.prepare_cached(
        "WITH own AS (SELECT id, span, parent FROM spans WHERE id BETWEEN ?1 AND ?2) \
         SELECT e.event, e.at, e.type, e.topic, e.metadata, b.length, b.is_cut, b.redacted, b.content \
         FROM events e LEFT JOIN own o ON o.span = e.span \
         LEFT JOIN bodies b ON b.id BETWEEN ?1 AND ?2 AND b.span = e.span AND b.kind = ?4 \
         WHERE e.run = ?3 AND e.kind = ?5 AND (o.parent IS NULL OR o.parent NOT IN (SELECT span FROM own)) \
         ORDER BY e.at, e.id LIMIT ?6",
    )?;
    let [first, last] = keys_of_run(number);
    let (input, published) = (BodyKind::Input.to_number(), EventKind::Published.to_number());
    let roots = select
        .query_map((first, last, number, input, published, MOST_EVENTS), RootEvent::from_row)?;
    roots.collect()
}

impl RootEvent {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let content: Option<Vec<u8>> = row.get(8)?;
        let payload = match content {
            None => None,
            Some(content) => Some(RootPayload {
                length: u64::try_from(row.get::<_, i64>(5)?).unwrap_or_default(),
                is_cut: row.get(6)?,
                redacted: row
                    .get::<_, Option<String>>(7)?
                    .and_then(|keys| serde_json::from_str(&keys).ok())
                    .unwrap_or_default(),
                content,
            }),
        };
        Ok(Self {
            id: row.get(0)?,
            at: row.get(1)?,
            event_type: row.get(2)?,
            topic: row.get(3)?,
            metadata: pairs(row.get(4)?),
            payload,
        })
    }

    fn exported(self, gap: Nanos) -> Result<ExportedEvent, ExportError> {
        let (event, topic) = (self.id, self.topic);
        let Some(payload) = self.payload else {
            return Err(ExportError::NotKept { event, topic });
        };
        if !payload.redacted.is_empty() {
            return Err(ExportError::Redacted { event, topic, keys: payload.redacted });
        }
        if payload.is_cut {
            let kept = payload.content.len() as u64;
            return Err(ExportError::Cut { event, topic, kept, length: payload.length });
        }
        let mut metadata = self.metadata;
        metadata.retain(|key, value| value != REPLACED && !TRACE_KEYS.contains(&key.as_str()));
        let (text, hex) = match String::from_utf8(payload.content) {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(hex::encode(error.into_bytes()))),
        };
        let gap_ms = gap as f64 / 1e6;
        let event_type = self.event_type;
        Ok(ExportedEvent { topic, event_type, metadata, payload: text, payload_hex: hex, gap_ms })
    }
}
