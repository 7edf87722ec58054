//! The file of an exported run, checked before anything of it is published.

use std::{collections::BTreeMap, path::Path};

use loom_base::{bounded_file, clean};
use serde::Deserialize;
use serde_json::Value;

use crate::cli::{CommandError, Exit};

/// The largest file.
const MAX_BYTES: u64 = 256 << 20;
/// The most events of a file; an exported run has no more.
const MAX_EVENTS: usize = 10_000;
/// The longest gap in milliseconds: a run is cut after an hour.
const MAX_GAP: f64 = 3_600_000.0;
/// What the history keeps in place of a secret.
const REPLACED: &str = "***";

/// A run as `loom runs export` writes it.
#[derive(Debug, Deserialize)]
pub(super) struct ExportedRun {
    schema: u32,
    /// The id of the run.
    pub(super) run: String,
    /// The events that it began with, in order.
    pub(super) events: Vec<RecordedEvent>,
}

/// One event of the file. A payload that was not kept whole has neither text nor digits.
#[derive(Debug, Deserialize)]
pub(super) struct RecordedEvent {
    pub(super) topic: String,
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) payload: Option<String>,
    #[serde(default)]
    pub(super) payload_hex: Option<String>,
    /// Milliseconds since the event before.
    #[serde(default)]
    pub(super) gap_ms: f64,
    /// Whether only the beginning of the payload was kept.
    #[serde(default)]
    is_cut: bool,
    /// The keys whose values were replaced.
    #[serde(default)]
    redacted: Vec<String>,
}

impl ExportedRun {
    /// Reads a file, and checks that all of it can be published.
    ///
    /// # Errors
    /// If the file cannot be read, is no exported run, or an event is not complete.
    pub(super) fn read(file: &Path) -> Result<Self, CommandError> {
        let shown = file.display();
        let failed = |exit, why: String| {
            CommandError::new(exit, clean::text(&format!("could not replay {shown}: {why}")))
        };
        let bytes = bounded_file::read(file, MAX_BYTES)
            .map_err(|error| failed(Exit::Failure, error.to_string()))?;
        let hint = "`loom runs export ID -o FILE` writes such a file";
        let run: Self = serde_json::from_slice(&bytes)
            .map_err(|error| failed(Exit::Usage, error.to_string()).hint(hint))?;
        run.check().map_err(|why| failed(Exit::Failure, why))?;
        Ok(run)
    }

    /// Why the run cannot be published.
    fn check(&self) -> Result<(), String> {
        match (self.schema, self.events.len()) {
            (1, 1..=MAX_EVENTS) => {}
            (1, 0) => return Err("it has no events".to_owned()),
            (1, _) => return Err(format!("it has more than {MAX_EVENTS} events")),
            (schema, _) => return Err(format!("expected schema 1, got {schema}")),
        }
        for (number, event) in self.events.iter().enumerate() {
            event.check().map_err(|why| {
                format!("event {} on {} {why}; nothing was published", number + 1, event.topic)
            })?;
        }
        Ok(())
    }
}

impl RecordedEvent {
    /// Why the event is not the one that was published once.
    fn check(&self) -> Result<(), String> {
        if self.is_cut {
            return Err("has only the beginning of its payload".to_owned());
        }
        let payload = match (&self.payload, &self.payload_hex) {
            (Some(text), None) => serde_json::from_str(text).unwrap_or(Value::Null),
            (None, Some(digits)) if hex::decode(digits).is_ok() => Value::Null,
            (None, None) => return Err("has no payload: it was not kept".to_owned()),
            _ => return Err("needs either payload or payload_hex".to_owned()),
        };
        let mut redacted = self.redacted.clone();
        let replaced = |(key, value): (&String, &String)| (value == REPLACED).then(|| key.clone());
        redacted.extend(self.metadata.iter().filter_map(replaced));
        collect_replaced(&payload, &mut redacted);
        if !redacted.is_empty() {
            return Err(format!("has values that were redacted: {}", redacted.join(", ")));
        }
        if self.topic.is_empty() || !(0.0..=MAX_GAP).contains(&self.gap_ms) {
            return Err("needs a topic, and a gap_ms of at most an hour".to_owned());
        }
        Ok(())
    }
}

/// The keys in a payload whose values the history replaced. The parser limits the depth.
fn collect_replaced(payload: &Value, keys: &mut Vec<String>) {
    match payload {
        Value::Object(entries) => {
            for (key, value) in entries {
                if value == REPLACED {
                    keys.push(key.clone());
                }
                collect_replaced(value, keys);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_replaced(value, keys)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(event: Value) -> Option<String> {
        let run = json!({ "schema": 1, "run": "a", "started_at": "", "events": [event] });
        serde_json::from_value::<ExportedRun>(run).unwrap().check().err()
    }

    #[test]
    fn what_is_not_complete_is_refused_by_name() {
        let table = [
            (json!({ "topic": "t", "payload": "{\"a\": 1}", "gap_ms": 0.5 }), None),
            (json!({ "topic": "t", "payload_hex": "00ff" }), None),
            (json!({ "topic": "t", "payload": "***" }), None),
            (json!({ "topic": "t" }), Some("has no payload: it was not kept")),
            (json!({ "topic": "t", "payload": "x", "payload_hex": "00" }), Some("needs either")),
            (json!({ "topic": "t", "payload_hex": "0" }), Some("needs either")),
            (json!({ "topic": "t", "payload": "x", "is_cut": true }), Some("only the beginning")),
            (
                json!({ "topic": "t", "payload": "[{\"key\": \"***\"}]", "metadata": {"m": "***"} }),
                Some("has values that were redacted: m, key"),
            ),
            (json!({ "topic": "t", "payload": "", "gap_ms": 1e9 }), Some("at most an hour")),
            (json!({ "topic": "", "payload": "" }), Some("needs a topic")),
        ];
        for (event, expected) in table {
            let problem = problem(event.clone());
            match expected {
                None => assert_eq!(problem, None, "{event}"),
                Some(words) => {
                    let problem = problem.unwrap_or_default();
                    assert!(problem.contains(words), "{event}: {problem}");
                    assert!(problem.starts_with("event 1 on "), "{problem}");
                }
            }
        }
    }

    #[test]
    fn other_files_are_no_exported_runs() {
        let of = |json| serde_json::from_value::<ExportedRun>(json).unwrap().check().unwrap_err();
        let empty = of(json!({ "schema": 1, "run": "a", "events": [] }));
        assert_eq!(empty, "it has no events");
        let newer = of(json!({ "schema": 2, "run": "a", "events": [] }));
        assert_eq!(newer, "expected schema 1, got 2");
    }
}
