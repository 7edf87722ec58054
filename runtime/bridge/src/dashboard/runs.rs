//! The history of runs: questions, its health, and its removal.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use loom_environment::names;
use loom_history::{History, HistoryHealth};
use serde_json::{Value, json};

use super::context::DashboardContext;
use crate::runs::{
    query_parameters::QueryParameters,
    question::{Question, QuestionError},
};

/// Why a request about the history has no answer.
#[derive(Debug)]
pub enum RunsError {
    /// The history is off.
    Off,
    /// The question has no answer.
    Question(QuestionError),
    /// The thread that asked the history has ended.
    Ended,
}

/// `GET` of a [`Question`].
pub async fn ask(
    State(context): State<DashboardContext>,
    uri: Uri,
) -> Result<Json<Value>, RunsError> {
    let question = Question::read(uri.path(), uri.query())?;
    with_history(&context, move |history| question.ask(&history.reader())).await
}

/// `GET /api/history`: what is kept, where, and what was left out.
pub async fn health(
    State(context): State<DashboardContext>,
) -> Result<Json<HistoryHealth>, RunsError> {
    Ok(Json(history(&context)?.health()))
}

/// `DELETE /api/runs`: removes all runs; with `?older_than_ms=N` those that ended before.
pub async fn clear(
    State(context): State<DashboardContext>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, RunsError> {
    let query = QueryParameters::read(query.as_deref(), &["older_than_ms"]);
    let age = query.and_then(|query| query.milliseconds("older_than_ms"));
    let age: Option<Duration> = age.map_err(QuestionError::Query)?;
    with_history(&context, move |history| {
        let removed = match age {
            Some(age) => history.remove_older_than(age)?,
            None => {
                let all = history.reader().counts()?.runs;
                history.clear()?;
                all
            }
        };
        Ok(json!({ "removed": removed }))
    })
    .await
}

/// `DELETE /api/runs/<id>`: removes one run.
pub async fn remove(
    State(context): State<DashboardContext>,
    Path(id): Path<String>,
) -> Result<Json<Value>, RunsError> {
    let id = id.parse().map_err(|_| QuestionError::Run)?;
    with_history(&context, move |history| {
        if history.remove(id)? { Ok(json!({ "removed": 1 })) } else { Err(QuestionError::Run) }
    })
    .await
}

fn history(context: &DashboardContext) -> Result<Arc<History>, RunsError> {
    context.telemetry.history.clone().ok_or(RunsError::Off)
}

/// Works with the history in a thread that may wait for the disk.
async fn with_history(
    context: &DashboardContext,
    work: impl FnOnce(&History) -> Result<Value, QuestionError> + Send + 'static,
) -> Result<Json<Value>, RunsError> {
    let history = history(context)?;
    let answer = tokio::task::spawn_blocking(move || work(&history)).await;
    Ok(Json(answer.map_err(|_| RunsError::Ended)??))
}

impl From<QuestionError> for RunsError {
    fn from(error: QuestionError) -> Self {
        Self::Question(error)
    }
}

impl IntoResponse for RunsError {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::Off => {
                let variable = names::HISTORY;
                let error = format!("the history is off; set {variable} to a file or to memory");
                (StatusCode::NOT_FOUND, error)
            }
            Self::Ended => {
                (StatusCode::INTERNAL_SERVER_ERROR, "the history did not answer".to_owned())
            }
            Self::Question(error) => (status_of(&error), error.to_string()),
        };
        (status, Json(json!({ "error": error }))).into_response()
    }
}

fn status_of(error: &QuestionError) -> StatusCode {
    match error {
        QuestionError::Path | QuestionError::Run | QuestionError::Body => StatusCode::NOT_FOUND,
        QuestionError::Query(_) => StatusCode::BAD_REQUEST,
        QuestionError::Export(_) => StatusCode::CONFLICT,
        QuestionError::History(_) | QuestionError::Json(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
