//! The body of a request that asks the runtime to do something: JSON, and refused as JSON.

use std::time::Duration;

use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::de::DeserializeOwned;
use serde_json::json;

/// The largest body.
pub const MAX_BODY_BYTES: usize = 4 << 20;
/// How long a body may take to arrive.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// A body that is a value of `T` as JSON, with `content-type: application/json`, which a form of another page cannot send.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        match tokio::time::timeout(READ_LIMIT, Json::from_request(request, state)).await {
            Ok(Ok(Json(value))) => Ok(Self(value)),
            Ok(Err(rejection)) => Err(refusal(status_of(&rejection), &rejection.body_text())),
            Err(_) => Err(refusal(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
        }
    }
}

/// Malformed JSON and JSON of another shape are the same to a caller.
fn status_of(rejection: &JsonRejection) -> StatusCode {
    match rejection {
        JsonRejection::JsonDataError(_) | JsonRejection::JsonSyntaxError(_) => {
            StatusCode::BAD_REQUEST
        }
        other => other.status(),
    }
}

/// A response that says why a request is refused.
pub(super) fn refusal(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}
