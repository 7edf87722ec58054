//! Each answer of the API, to be checked against GitHub's schema.

use serde_json::{Value, json};

/// A request to the API and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiExchange {
    /// The method of the request.
    pub method: String,
    /// The document of the request; null where there is none.
    pub request: Value,
    /// The path as the schema writes it: `/repos/{owner}/{repo}/releases`.
    pub route: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// The body of the answer; null where there is none.
    pub body: Value,
}

impl ApiExchange {
    /// The form that the schema check reads.
    pub fn to_json(&self) -> Value {
        let Self { method, route, request, status, body } = self;
        json!({"method": method, "route": route, "request": request, "status": status, "body": body})
    }
}
