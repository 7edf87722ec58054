//! Whether a runtime is healthy: error rates, latencies and the latest errors of a range of time.

use serde::Serialize;

use crate::{row::Nanos, run_id::RunId};

/// What a range of time looked like.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct HistoryOverview {
    /// Sums over the range.
    pub total: MinuteTotals,
    /// One entry per minute in which something happened, oldest first.
    pub minutes: Vec<MinuteTotals>,
    /// The latencies of tools, slowest p95 first.
    pub tools: Vec<LatencySummary>,
    /// The latencies of models, slowest p95 first.
    pub models: Vec<LatencySummary>,
    /// The calls of tools and models by the agent that made them, most calls first.
    pub agents: Vec<LatencySummary>,
    /// The latest failed spans, newest first.
    pub errors: Vec<FailedSpan>,
    /// The calls that the latencies are made of are the newest ones only, because there are too many.
    pub is_sample: bool,
}

/// What happened in one minute, also of runs that were left out.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct MinuteTotals {
    /// The start of the minute, in milliseconds since 1970.
    pub at_ms: i64,
    /// Finished spans.
    pub spans: u64,
    /// Failed spans.
    pub errors: u64,
    /// Runs that began.
    pub runs: u64,
    /// Published events.
    pub events: u64,
    /// Rows that were left out.
    pub left_out: u64,
    /// Tokens of prompts.
    pub input_tokens: u64,
    /// Tokens of answers.
    pub output_tokens: u64,
}

/// How long calls of one tool or model, or by one agent, took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LatencySummary {
    /// The tool, model or agent.
    pub name: String,
    /// The number of calls.
    pub calls: u64,
    /// Failed calls.
    pub errors: u64,
    /// Milliseconds that half of the calls took at most.
    pub p50_ms: f64,
    /// Milliseconds that 95 % of the calls took at most.
    pub p95_ms: f64,
    /// Milliseconds of the slowest call.
    pub max_ms: f64,
    /// Tokens of prompts and answers.
    pub tokens: u64,
}

/// A span that failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FailedSpan {
    /// The run.
    pub run: RunId,
    /// RFC 3339.
    pub timestamp: String,
    /// The name of the span.
    pub name: String,
    /// The agent.
    pub agent: Option<String>,
    /// The topic.
    pub topic: Option<String>,
    /// The tool.
    pub tool: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The error message.
    pub error: Option<String>,
}

/// A range of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryRange {
    /// Its begin.
    pub since: Nanos,
    /// Its end.
    pub until: Nanos,
}

/// How much a history holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct HistoryCounts {
    /// The number of runs.
    pub runs: u64,
    /// Runs with a failed span.
    pub failed_runs: u64,
    /// The number of spans.
    pub spans: u64,
    /// The number of bodies.
    pub bodies: u64,
    /// The number of events.
    pub events: u64,
    /// Log lines.
    pub log_lines: u64,
    /// The bytes of the file.
    pub bytes: u64,
    /// The start of the oldest run, in milliseconds since 1970.
    pub oldest_ms: Option<i64>,
}
