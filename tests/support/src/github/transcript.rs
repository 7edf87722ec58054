//! Each answer of the API, to be checked against GitHub's schema.

use serde_json::{Value, json};

/// A request to the API and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiExchange {
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
        json!({"route": self.route, "status": self.status, "body": self.body})
    }
}
