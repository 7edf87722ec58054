//! What a tool is, a call, and an answer.

use std::{collections::HashMap, time::Duration};

use crate::qos::Qos;

/// How a tool is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProviderKind {
    /// By the runtime itself.
    #[default]
    Native,
    /// By a WebAssembly module.
    Wasm,
    /// By an agent, over its event stream.
    Grpc,
    /// By an MCP server.
    Mcp,
}

/// A tool that somebody offers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tool {
    /// Its name, the same for all callers.
    pub name: String,
    /// For people and models.
    pub description: String,
    /// JSON Schema of its arguments, as text.
    pub parameters_schema: String,
    /// How it is carried out; the runtime says so, whatever the provider claims.
    pub provider: ProviderKind,
    /// The provider's notes.
    pub metadata: HashMap<String, String>,
}

/// A request to carry out a tool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolCall {
    /// The caller's name for this call.
    pub id: String,
    /// The tool.
    pub name: String,
    /// JSON text.
    pub arguments: String,
    /// The caller's notes.
    pub headers: HashMap<String, String>,
    /// Milliseconds the caller is willing to wait; 0 or less = [`DEFAULT_TIMEOUT`].
    pub timeout_ms: i64,
    /// Ties a call to a conversation.
    pub correlation_id: String,
    /// Urgency, passed on.
    pub qos: Qos,
}

/// How long a call may take when the caller does not say.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

impl ToolCall {
    /// The agent that calls, if it says so: the SDK's header `x-agent-id`.
    pub fn caller(&self) -> Option<&str> {
        self.headers.get("x-agent-id").map(String::as_str).filter(|agent| !agent.is_empty())
    }

    /// How long this call may take.
    pub fn timeout(&self) -> Duration {
        match u64::try_from(self.timeout_ms) {
            Ok(ms) if ms > 0 => Duration::from_millis(ms),
            _ => DEFAULT_TIMEOUT,
        }
    }
}

/// What a call comes to: JSON text, or why not.
pub type ToolResult = Result<String, ToolFailure>;

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ToolFailure {
    /// What kind of failure.
    pub kind: ToolFailureKind,
    /// A word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// More, in the tool's words.
    pub details: HashMap<String, String>,
}

/// What kind of failure a call met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolFailureKind {
    /// The tool failed, or could not be reached.
    Execution,
    /// No answer in time.
    Timeout,
    /// Nobody offers the tool.
    NotFound,
    /// The arguments are not what the tool takes.
    InvalidArguments,
}

impl ToolFailureKind {
    /// The word for programs, where the tool gives none itself.
    pub fn code(self) -> &'static str {
        match self {
            Self::Execution => "EXECUTION_ERROR",
            Self::Timeout => "TIMEOUT",
            Self::NotFound => "NOT_FOUND",
            Self::InvalidArguments => "INVALID_ARGUMENTS",
        }
    }
}

impl ToolFailure {
    /// A failure that the runtime itself found.
    pub fn new(kind: ToolFailureKind, message: impl Into<String>) -> Self {
        let code = kind.code().to_owned();
        Self { kind, code, message: message.into(), details: HashMap::new() }
    }
}

/// Whether a text is JSON, of any type.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_may_take_what_it_says_or_half_a_minute() {
        for (timeout_ms, expected) in
            [(0, DEFAULT_TIMEOUT), (-5, DEFAULT_TIMEOUT), (1, Duration::from_millis(1))]
        {
            assert_eq!(ToolCall { timeout_ms, ..ToolCall::default() }.timeout(), expected);
        }
    }

    #[test]
    fn json_of_any_type() {
        for (text, expected) in [
            ("{}", true),
            ("null", true),
            (" [1] ", true),
            ("", false),
            ("{", false),
            ("{} x", false),
        ] {
            assert_eq!(is_json(text), expected, "{text:?}");
        }
    }
}
