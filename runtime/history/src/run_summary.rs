//! One run as a list of runs shows it.

use std::time::Duration;

use rusqlite::Row;
use serde::{Serialize, Serializer};

use crate::{
    instant::{format_nanos, nanos_to_duration},
    row::Nanos,
    run_id::RunId,
    run_query::{RunCursor, RunStatus},
};

/// The agents that a summary names.
pub(crate) const AGENTS_SHOWN: usize = 32;

/// A run without its spans.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// The id.
    pub id: RunId,
    /// What it began with: the topic, the tool or the name of its first span.
    pub trigger: Option<String>,
    /// The first 32 agents that took part, in the order of their first span.
    pub agents: Vec<String>,
    /// When its first span began; RFC 3339 in JSON.
    #[serde(serialize_with = "as_rfc3339")]
    pub started_at: Nanos,
    /// The time from its first to its last moment; milliseconds with fractions in JSON.
    #[serde(rename = "duration_ms", serialize_with = "as_millis")]
    pub duration: Duration,
    /// The status.
    #[serde(serialize_with = "as_word")]
    pub status: RunStatus,
    /// The events that were published.
    pub events: u64,
    /// All spans, also those that were left out.
    pub spans: u64,
    /// Failed spans.
    pub errors: u64,
    /// Tokens of prompts and answers together.
    pub tokens: u64,
    /// Tokens of prompts.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
    /// The price of the tokens, by the prices at the time; `None` where no price is known.
    pub cost: Option<f64>,
    /// Whether further spans of models have no known price, so that the run costs more than `cost`.
    pub is_cost_partial: bool,
    /// The first error.
    pub error: Option<String>,
    /// The conversation that it belongs to.
    pub conversation: Option<String>,
    /// Whether it was cut at 10,000 spans or one hour.
    pub is_cut: bool,
    /// Whether it is marked secret and has no bodies.
    pub is_secret: bool,
    /// Whether its bodies were removed for room.
    pub contents_removed: bool,
}

/// A page of runs, newest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunPage {
    /// The runs.
    pub runs: Vec<RunSummary>,
    /// The cursor of the next page, if there is one.
    pub next: Option<RunCursor>,
}

fn as_rfc3339<S: Serializer>(at: &Nanos, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_nanos(*at))
}

fn as_millis<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_micros() as f64 / 1e3)
}

fn as_word<S: Serializer>(status: &RunStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.as_str())
}

/// The columns that [`RunSummary::from_row`] reads.
pub(crate) const COLUMNS: &str = "r.id, r.trace, r.trigger, r.agents, r.started, r.ended, r.is_running, r.failed, \
     r.is_partial, r.events, r.spans, r.errors, r.input_tokens, r.output_tokens, r.cost, r.error, r.conversation, \
     r.is_cut, r.is_secret, r.unpriced, r.has_lost_bodies";

impl RunSummary {
    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (started, ended): (Nanos, Nanos) = (row.get(4)?, row.get(5)?);
        let count =
            |index| row.get::<_, i64>(index).map(|count| u64::try_from(count).unwrap_or_default());
        let (input_tokens, output_tokens) = (count(12)?, count(13)?);
        let agents: String = row.get(3)?;
        let cost: Option<f64> = row.get(14)?;
        Ok(Self {
            id: RunId(u128::from_be_bytes(row.get(1)?)),
            trigger: row.get(2)?,
            agents: serde_json::from_str(&agents).unwrap_or_default(),
            started_at: started,
            duration: nanos_to_duration(ended.saturating_sub(started)),
            status: status(row.get(6)?, row.get(7)?, row.get(8)?),
            events: count(9)?,
            spans: count(10)?,
            errors: count(11)?,
            tokens: input_tokens.saturating_add(output_tokens),
            input_tokens,
            output_tokens,
            is_cost_partial: cost.is_some() && count(19)? > 0,
            cost,
            error: row.get(15)?,
            conversation: row.get(16)?,
            is_cut: row.get(17)?,
            is_secret: row.get(18)?,
            contents_removed: row.get(20)?,
        })
    }
}

fn status(is_running: bool, is_failed: bool, is_partial: bool) -> RunStatus {
    match (is_running, is_partial, is_failed) {
        (true, _, _) => RunStatus::Running,
        (false, true, _) => RunStatus::Partial,
        (false, false, true) => RunStatus::Failed,
        (false, false, false) => RunStatus::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_partial_before_it_is_failed_and_running_before_both() {
        for (running, failed, partial, expected) in [
            (true, true, true, RunStatus::Running),
            (false, true, true, RunStatus::Partial),
            (false, true, false, RunStatus::Failed),
            (false, false, true, RunStatus::Partial),
            (false, false, false, RunStatus::Ok),
        ] {
            assert_eq!(status(running, failed, partial), expected);
            assert_eq!(expected.as_str().parse(), Ok(expected));
        }
    }

    #[test]
    fn the_json_has_the_keys_of_the_api() {
        let run = RunSummary {
            id: RunId(0xab),
            trigger: Some("market.price".to_owned()),
            agents: vec!["analyst".to_owned()],
            started_at: 1_500_000_000,
            duration: Duration::from_micros(2_500),
            status: RunStatus::Ok,
            events: 1,
            spans: 2,
            errors: 0,
            tokens: 7,
            input_tokens: 3,
            output_tokens: 4,
            cost: None,
            is_cost_partial: false,
            error: None,
            conversation: None,
            is_cut: false,
            is_secret: false,
            contents_removed: false,
        };
        let page = RunPage { runs: vec![run], next: Some(RunCursor(9)) };
        let expected = serde_json::json!({
            "runs": [{
                "id": "000000000000000000000000000000ab",
                "trigger": "market.price",
                "agents": ["analyst"],
                "started_at": "1970-01-01T00:00:01.500Z",
                "duration_ms": 2.5,
                "status": "ok",
                "events": 1,
                "spans": 2,
                "errors": 0,
                "tokens": 7,
                "input_tokens": 3,
                "output_tokens": 4,
                "cost": null,
                "is_cost_partial": false,
                "error": null,
                "conversation": null,
                "is_cut": false,
                "is_secret": false,
                "contents_removed": false,
            }],
            "next": "9",
        });
        assert_eq!(serde_json::to_value(page).unwrap(), expected);
    }
}
