//! Tools, calls of tools and their results.

use std::{collections::HashMap, time::Duration};

use loom_base::secret_run::SECRET_ERROR;

use crate::qos::Qos;

/// What executes a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ProviderKind {
    /// The runtime itself.
    #[default]
    Native,
    /// A WebAssembly module.
    Wasm,
    /// An agent, over its event stream.
    Grpc,
    /// An MCP server.
    Mcp,
}

/// A tool as its provider describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tool {
    /// The name by which callers call the tool.
    pub name: String,
    /// Human-readable description, also shown to language models.
    pub description: String,
    /// The JSON Schema of the arguments, as text.
    pub parameters_schema: String,
    /// What executes the tool. The runtime sets it, whatever the provider claims.
    pub provider: ProviderKind,
    /// Metadata of the provider.
    pub metadata: HashMap<String, String>,
}

impl Tool {
    /// The size of the content in bytes.
    pub fn size(&self) -> usize {
        let metadata: usize = self.metadata.iter().map(|(k, v)| k.len() + v.len()).sum();
        self.name.len() + self.description.len() + self.parameters_schema.len() + metadata
    }
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolCall {
    /// The caller's id of this call.
    pub id: String,
    /// The name of the tool.
    pub name: String,
    /// The arguments as JSON text.
    pub arguments: String,
    /// Headers of the caller.
    pub headers: HashMap<String, String>,
    /// How long the caller waits, in milliseconds; 0 or less stands for [`DEFAULT_TIMEOUT`].
    pub timeout_ms: i64,
    /// The conversation that the call belongs to.
    pub correlation_id: String,
    /// The quality of service that the caller asks for; passed on to the provider.
    pub qos: Qos,
}

/// The timeout of calls that give none.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

impl ToolCall {
    /// The calling agent, if the call names one in the header `x-agent-id`, which the SDK sets.
    pub fn caller(&self) -> Option<&str> {
        self.headers.get("x-agent-id").map(String::as_str).filter(|agent| !agent.is_empty())
    }

    /// The size of the content in bytes.
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(k, v)| k.len() + v.len()).sum();
        self.id.len() + self.name.len() + self.arguments.len() + headers
    }

    /// The timeout of this call.
    pub fn timeout(&self) -> Duration {
        match u64::try_from(self.timeout_ms) {
            Ok(ms) if ms > 0 => Duration::from_millis(ms),
            _ => DEFAULT_TIMEOUT,
        }
    }
}

/// The result of a call: JSON text, or a failure.
pub type ToolResult = Result<String, ToolFailure>;

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ToolFailure {
    /// The kind of failure.
    pub kind: ToolFailureKind,
    /// Machine-readable code; a provider may define codes of its own.
    pub code: String,
    /// Human-readable message.
    pub message: String,
    /// Details as the provider gives them.
    pub details: HashMap<String, String>,
}

/// The kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolFailureKind {
    /// The tool failed or could not be reached.
    Execution,
    /// The call did not complete within its timeout.
    Timeout,
    /// No provider offers the tool.
    NotFound,
    /// The arguments do not have the shape that the tool expects.
    InvalidArguments,
}

impl ToolFailureKind {
    /// The code of failures for which the provider defines none.
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
    /// A failure with the default code of its kind and no details.
    pub fn new(kind: ToolFailureKind, message: impl Into<String>) -> Self {
        let code = kind.code().to_owned();
        Self { kind, code, message: message.into(), details: HashMap::new() }
    }

    /// What is recorded of the failure in a secret run: its kind and its code.
    pub fn hidden(&self) -> Self {
        Self { code: self.code.clone(), ..Self::new(self.kind, SECRET_ERROR) }
    }
}

/// Whether `text` is a JSON value of any type.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_without_a_timeout_have_the_default_one() {
        for (timeout_ms, expected) in
            [(0, DEFAULT_TIMEOUT), (-5, DEFAULT_TIMEOUT), (1, Duration::from_millis(1))]
        {
            assert_eq!(ToolCall { timeout_ms, ..ToolCall::default() }.timeout(), expected);
        }
    }

    #[test]
    fn what_is_hidden_of_a_failure_is_its_message_and_its_details() {
        let mut failure = ToolFailure::new(ToolFailureKind::Execution, "no pin: hush");
        failure.code = "NO_PIN".to_owned();
        failure.details.insert("pin".to_owned(), "hush".to_owned());
        let hidden = failure.hidden();
        assert_eq!((&*hidden.code, hidden.kind), ("NO_PIN", failure.kind));
        assert_eq!((hidden.to_string(), hidden.details.len()), (SECRET_ERROR.to_owned(), 0));
    }

    #[test]
    fn json_of_any_type_is_recognised() {
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
