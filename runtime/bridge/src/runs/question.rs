//! Questions about the history, in the form of a path and a query of the dashboard's API: over HTTP while the server
//! runs, and for a file of a server that does not.

use std::time::{Duration, SystemTime};

use loom_base::error_chain;
use loom_environment::Switch;
use loom_history::{
    EventQuery, ExportError, HistoryError, HistoryRange, HistoryReader, LogQuery, RunId, RunQuery,
    nanos,
};
use serde::Serialize;
use serde_json::Value;

use super::query_parameters::{QueryError, QueryParameters};

/// A question about the history.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// `/api/runs`: the runs that match, newest first.
    Runs(RunQuery),
    /// `/api/runs/<id>`: one run with its spans and bodies.
    Run(RunId),
    /// `/api/runs/<id>/export`: what came in, for a replay.
    Export(RunId),
    /// `/api/bodies/<id>`: one body as it is kept, whole.
    Body(i64),
    /// `/api/events`: events of the past, newest first.
    Events(EventQuery),
    /// `/api/logs`: log lines of the past, newest first.
    Logs(LogQuery),
    /// `/api/overview`: errors, tools and models over a range of time, by default the last hour.
    Overview(HistoryRange),
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// The path is none of the history.
    #[error("not found")]
    Path,
    /// A parameter has no meaning.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The history has no such run.
    #[error("the history has no such run")]
    Run,
    /// The history has no such body.
    #[error("the history has no such body")]
    Body,
    /// The run cannot be exported.
    #[error(transparent)]
    Export(ExportError),
    /// The history cannot be read.
    #[error("{}", error_chain(.0))]
    History(#[from] HistoryError),
    /// The answer cannot be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

const RUNS: [&str; 14] = [
    "status",
    "agent",
    "topic",
    "tool",
    "model",
    "conversation",
    "q",
    "since",
    "until",
    "min_ms",
    "max_ms",
    "registrations",
    "limit",
    "cursor",
];
const EVENTS: [&str; 7] = ["run", "topic", "agent", "since", "until", "limit", "before"];
const LOGS: [&str; 3] = ["run", "limit", "before"];
const RANGE: [&str; 2] = ["since", "until"];
/// The range of an overview for which none is given.
const HOUR: Duration = Duration::from_secs(3600);

impl Question {
    /// Reads a question from a path and its query.
    ///
    /// # Errors
    /// If the path is none of the history, or a parameter has no meaning.
    pub fn read(path: &str, query: Option<&str>) -> Result<Self, QuestionError> {
        let mut parts = path.strip_prefix("/api/").unwrap_or_default().split('/');
        let parameters = |known| QueryParameters::read(query, known);
        Ok(match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some("runs"), None, ..) => Self::Runs(run_query(&parameters(&RUNS)?)?),
            (Some("runs"), Some(id), None, _) => Self::Run(run_id(id)?),
            (Some("runs"), Some(id), Some("export"), None) => Self::Export(run_id(id)?),
            (Some("bodies"), Some(id), None, _) => {
                Self::Body(id.parse().map_err(|_| QuestionError::Body)?)
            }
            (Some("events"), None, ..) => Self::Events(event_query(&parameters(&EVENTS)?)?),
            (Some("logs"), None, ..) => Self::Logs(log_query(&parameters(&LOGS)?)?),
            (Some("overview"), None, ..) => Self::Overview(range(&parameters(&RANGE)?)?),
            _ => return Err(QuestionError::Path),
        })
    }

    /// Asks the history. May wait for the disk.
    ///
    /// # Errors
    /// If there is no such run or body, or the history cannot be read.
    pub fn ask(&self, history: &HistoryReader) -> Result<Value, QuestionError> {
        match self {
            Self::Runs(query) => json(&history.runs(query)?),
            Self::Run(id) => json(&history.run(*id)?.ok_or(QuestionError::Run)?),
            Self::Export(id) => json(&history.export(*id).map_err(QuestionError::Export)?),
            Self::Body(id) => json(&history.body(*id)?.ok_or(QuestionError::Body)?),
            Self::Events(query) => json(&history.events(query)?),
            Self::Logs(query) => json(&history.logs(query)?),
            Self::Overview(range) => json(&history.overview(*range)?),
        }
    }
}

fn json(answer: &impl Serialize) -> Result<Value, QuestionError> {
    Ok(serde_json::to_value(answer)?)
}

fn run_id(text: &str) -> Result<RunId, QuestionError> {
    text.parse().map_err(|_| QuestionError::Run)
}

fn run_query(query: &QueryParameters<'_>) -> Result<RunQuery, QueryError> {
    Ok(RunQuery {
        status: query.parsed("status")?,
        agent: query.text("agent"),
        topic: query.text("topic"),
        tool: query.text("tool"),
        model: query.text("model"),
        conversation: query.text("conversation"),
        text: query.text("q"),
        since: query.time("since")?,
        until: query.time("until")?,
        min_duration: query.milliseconds("min_ms")?,
        max_duration: query.milliseconds("max_ms")?,
        registrations: query.parsed::<Switch>("registrations")?.unwrap_or_default().0,
        limit: query.parsed("limit")?.unwrap_or_default(),
        cursor: query.parsed("cursor")?,
    })
}

fn event_query(query: &QueryParameters<'_>) -> Result<EventQuery, QueryError> {
    Ok(EventQuery {
        run: query.parsed("run")?,
        topic: query.text("topic"),
        agent: query.text("agent"),
        since: query.time("since")?,
        until: query.time("until")?,
        limit: query.parsed("limit")?.unwrap_or_default(),
        before: query.parsed("before")?,
        kinds: Vec::new(),
    })
}

fn log_query(query: &QueryParameters<'_>) -> Result<LogQuery, QueryError> {
    Ok(LogQuery {
        run: query.parsed("run")?,
        limit: query.parsed("limit")?.unwrap_or_default(),
        before: query.parsed("before")?,
    })
}

fn range(query: &QueryParameters<'_>) -> Result<HistoryRange, QueryError> {
    let now = SystemTime::now();
    let hour_ago = now.checked_sub(HOUR).unwrap_or(now);
    Ok(HistoryRange {
        since: query.time("since")?.unwrap_or_else(|| nanos(hour_ago)),
        until: query.time("until")?.unwrap_or_else(|| nanos(now)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_questions() {
        let id = "0000000000000000000000000000000a";
        let run = RunId(10);
        let table = [
            (format!("/api/runs/{id}"), Some(Question::Run(run))),
            (format!("/api/runs/{id}/export"), Some(Question::Export(run))),
            ("/api/runs".to_owned(), Some(Question::Runs(RunQuery::default()))),
            ("/api/bodies/7".to_owned(), Some(Question::Body(7))),
            ("/api/runs/x".to_owned(), None),
            (format!("/api/runs/{id}/other"), None),
            (format!("/api/runs/{id}/export/more"), None),
            ("/api/metrics".to_owned(), None),
            ("/runs".to_owned(), None),
        ];
        for (path, expected) in table {
            assert_eq!(Question::read(&path, None).ok(), expected, "{path}");
        }
    }

    #[test]
    fn an_empty_history_answers_with_empty_lists() {
        let history = loom_history::History::open(loom_history::HistorySettings::memory()).unwrap();
        let ask = |path| Question::read(path, None).unwrap().ask(&history.reader());
        assert_eq!(ask("/api/runs").unwrap(), serde_json::json!({ "runs": [], "next": null }));
        let unknown = ask("/api/runs/0000000000000000000000000000000a").unwrap_err();
        assert_eq!(unknown.to_string(), "the history has no such run");
    }
}
