//! One run with its spans and bodies.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{row::Nanos, run_id::RunId, run_summary::RunSummary};

/// A run with its spans, by start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunDetail {
    /// The run.
    #[serde(flatten)]
    pub run: RunSummary,
    /// All agents that took part.
    pub all_agents: Vec<String>,
    /// The spans, by start.
    #[serde(rename = "span_list")]
    pub spans: Vec<SpanDetail>,
    /// Spans that are in the history and not in the list, because it has a limit.
    pub further_spans: u64,
}

/// A span, in the shape of `GET /api/traces/<trace_id>` with further keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpanDetail {
    /// The run.
    pub trace_id: RunId,
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// 16 hexadecimal digits.
    pub parent_span_id: Option<String>,
    /// The name.
    pub name: String,
    /// When it began, in nanoseconds since 1970.
    pub start_time: Nanos,
    /// How long it took, in nanoseconds.
    pub duration: i64,
    /// `ok`, `error` or `unset`.
    pub status: &'static str,
    /// The error message.
    pub error_message: Option<String>,
    /// The class of the error.
    pub error_type: Option<String>,
    /// The agent.
    pub agent: Option<String>,
    /// The topic.
    pub topic: Option<String>,
    /// The tool.
    pub tool: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The provider of the model.
    pub provider: Option<String>,
    /// Tokens of the prompt.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// The price of the tokens.
    pub cost: Option<f64>,
    /// Nanoseconds from the request to the first token.
    pub first_token: Option<i64>,
    /// Why the model ended its answer.
    pub finish_reason: Option<String>,
    /// The event or call that this work answers.
    pub correlation_id: Option<String>,
    /// Spans that caused the work and are not its parent.
    pub links: Vec<LinkDetail>,
    /// Further attributes.
    pub attributes: BTreeMap<String, String>,
    /// The bodies, each with its beginning.
    pub bodies: Vec<BodyDetail>,
}

/// A link to another span.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinkDetail {
    /// The run of the other span.
    pub trace_id: RunId,
    /// 16 hexadecimal digits.
    pub span_id: String,
}

/// A body of a span, or its beginning.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BodyDetail {
    /// The number by which [`crate::HistoryReader::body`] finds all of it.
    pub id: i64,
    /// The role: `input`, `output`, `input_messages`, `output_messages` or `instructions`.
    pub kind: &'static str,
    /// The media type; empty if it is not known.
    pub content_type: String,
    /// The length in bytes as it was sent or received.
    pub length: u64,
    /// The bytes in the history.
    pub kept: u64,
    /// Whether the history holds only the beginning.
    pub is_cut: bool,
    /// The keys whose values were replaced.
    pub redacted: Vec<String>,
    /// The content; what is not UTF-8 becomes replacement characters.
    pub text: String,
    /// Whether `text` is only the beginning of what the history holds.
    pub is_beginning: bool,
}
