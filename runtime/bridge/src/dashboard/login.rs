//! Login of the page. The page stores no cookie: it keeps the session token and sends it with every request.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    context::DashboardContext,
    sessions::{DashboardSessions, LoginError},
};

/// The body of a login: `{"code": "…"}` or `{"token": "…"}`.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoginRequest {
    /// The code in the address that `loom up` prints.
    Code(String),
    /// The token of the runtime.
    Token(String),
}

/// `POST /api/login`: a session token for a code or the token; `{"session": null}` where no login is needed.
pub async fn login(
    State(context): State<DashboardContext>,
    Json(request): Json<LoginRequest>,
) -> Response {
    let Some(sessions) = &context.access.sessions else {
        return Json(json!({ "session": null })).into_response();
    };
    match open(sessions, &request) {
        Ok(session) => Json(json!({ "session": session })).into_response(),
        Err(error) => {
            let status = match error {
                LoginError::Random(_) => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::UNAUTHORIZED,
            };
            (status, Json(json!({ "error": error.to_string() }))).into_response()
        }
    }
}

fn open(sessions: &DashboardSessions, request: &LoginRequest) -> Result<String, LoginError> {
    match request {
        LoginRequest::Code(code) => sessions.open_by_code(code),
        LoginRequest::Token(token) => sessions.open_by_token(token),
    }
}
