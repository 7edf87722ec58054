//! Metrics in the Prometheus text format 0.0.4.

use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
};

use axum::{extract::State, http::header::CONTENT_TYPE, response::IntoResponse};
use loom_core::{
    ToolCallTotals,
    activity::usage::{LATENCY_BOUNDS_MS, ToolUsage},
};
use loom_environment::names;

use super::context::DashboardContext;
use crate::{otlp::metrics::outcomes, telemetry::Telemetry};

/// `GET /metrics`: all metrics.
pub async fn metrics(State(context): State<DashboardContext>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text(&context))
}

fn text(context: &DashboardContext) -> String {
    let snapshot = context.runtime.snapshot();
    let totals = snapshot.totals;
    let mut text = MetricsText(String::new());
    text.header("loom_build_info", "gauge", "The version of this runtime.");
    text.sample("loom_build_info", &format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1);
    let uptime = context.started.elapsed().as_secs_f64();
    text.metric("loom_uptime_seconds", "gauge", "Seconds since the start.", uptime);
    let agents = snapshot.connected_agents;
    text.metric("loom_agents", "gauge", "Known agents with an open stream.", agents);
    let subscriptions = snapshot.subscriptions;
    text.metric("loom_subscriptions", "gauge", "Subscriptions of open streams.", subscriptions);
    text.metric("loom_events_published_total", "counter", "Published events.", totals.published);
    let help = "Events delivered to streams.";
    text.metric("loom_events_delivered_total", "counter", help, totals.delivered);
    let help = "Events dropped from the queues of slow readers.";
    text.metric("loom_events_dropped_total", "counter", help, totals.dropped);
    tool_calls(&mut text, &totals.tool_calls);
    latencies(&mut text, &context.runtime.tool_usages());
    spans(&mut text, &context.telemetry);
    text.0
}

fn tool_calls(text: &mut MetricsText, calls: &ToolCallTotals) {
    const NAME: &str = "loom_tool_calls_total";
    text.header(NAME, "counter", "Tool calls, by outcome.");
    for (outcome, count) in outcomes(calls) {
        text.sample(NAME, &format!("{{outcome=\"{outcome}\"}}"), count);
    }
}

fn latencies(text: &mut MetricsText, usages: &BTreeMap<String, ToolUsage>) {
    const NAME: &str = "loom_tool_call_duration_seconds";
    text.header(NAME, "histogram", "Latency of tool calls, by tool.");
    for (tool, usage) in usages {
        let tool = escaped(tool);
        let mut cumulative = 0;
        for (bound, count) in LATENCY_BOUNDS_MS.iter().zip(usage.latencies) {
            cumulative += count;
            let bound = *bound as f64 / 1000.0;
            let labels = format!("{{tool=\"{tool}\",le=\"{bound}\"}}");
            text.sample(&format!("{NAME}_bucket"), &labels, cumulative);
        }
        let labels = format!("{{tool=\"{tool}\",le=\"+Inf\"}}");
        text.sample(&format!("{NAME}_bucket"), &labels, usage.calls);
        let labels = format!("{{tool=\"{tool}\"}}");
        text.sample(&format!("{NAME}_sum"), &labels, usage.total.as_secs_f64());
        text.sample(&format!("{NAME}_count"), &labels, usage.calls);
    }
}

fn spans(text: &mut MetricsText, telemetry: &Telemetry) {
    let help = format!("Event spans beyond the budget ({}).", names::HISTORY_ROWS_PER_SECOND);
    let skipped = telemetry.budget.refused();
    text.metric("loom_event_spans_skipped_total", "counter", &help, skipped);
    let skipped = telemetry.log_lines.refused();
    let help = "Log lines that the history did not get.";
    text.metric("loom_log_lines_skipped_total", "counter", help, skipped);
    let Some(export) = &telemetry.export else { return };
    for health in export.health() {
        let what = health.signal.as_str();
        let help = format!("What the collector has accepted: {what}.");
        text.metric(&format!("loom_{what}_exported_total"), "counter", &help, health.exported());
        let help = format!("What the collector has not accepted: {what}.");
        let name = format!("loom_{what}_export_failed_total");
        text.metric(&name, "counter", &help, health.failed());
    }
}

/// The value of a label, escaped.
fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// Metrics as text. Writing to a `String` cannot fail, so the results of `writeln!` are ignored.
struct MetricsText(String);

impl MetricsText {
    fn header(&mut self, name: &str, kind: &str, help: &str) {
        _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        _ = writeln!(self.0, "{name}{labels} {value}");
    }

    /// A metric with one sample and no labels.
    fn metric(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.header(name, kind, help);
        self.sample(name, "", value);
    }
}
