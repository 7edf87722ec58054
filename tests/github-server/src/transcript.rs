//! Each answer of the API, for the official schema to judge.

use serde_json::{Value, json};

/// A request to the API and what was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// The path as the schema writes it: `/repos/{owner}/{repo}/releases`.
    pub route: &'static str,
    /// The status.
    pub status: u16,
    /// The body; null where there is none.
    pub body: Value,
}

impl Exchange {
    /// As the judge reads it.
    pub fn to_json(&self) -> Value {
        json!({"route": self.route, "status": self.status, "body": self.body})
    }
}
