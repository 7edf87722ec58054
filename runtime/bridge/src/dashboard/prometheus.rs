//! Counters for a monitoring system, in the Prometheus text format 0.0.4.

use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
    sync::atomic::Ordering::Relaxed,
};

use axum::{extract::State, http::header::CONTENT_TYPE, response::IntoResponse};
use loom_core::{
    ToolFailureKind,
    usage::{BOUNDS_MS, ToolUsage},
};

use super::Dashboard;
use crate::logging::Telemetry;

/// `GET /metrics`
pub async fn metrics(State(dashboard): State<Dashboard>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text(&dashboard))
}

fn text(dashboard: &Dashboard) -> String {
    let core = &dashboard.core;
    let totals = &core.activity.totals;
    let mut page = Page(String::new());
    page.head("loom_build_info", "gauge", "The version of this runtime.");
    page.line("loom_build_info", &format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1);
    let uptime = dashboard.started.elapsed().as_secs_f64();
    page.one("loom_uptime_seconds", "gauge", "Seconds since the start.", uptime);
    let agents = core.directory.connected();
    page.one("loom_agents", "gauge", "Registered agents with an open stream.", agents);
    let subscriptions = core.bus.subscriptions();
    page.one("loom_subscriptions", "gauge", "Subscriptions of open streams.", subscriptions);
    let published = totals.published.load(Relaxed);
    page.one("loom_events_published_total", "counter", "Events published.", published);
    let delivered = totals.delivered.load(Relaxed);
    page.one("loom_events_delivered_total", "counter", "Deliveries taken by streams.", delivered);
    let lost = totals.lost.load(Relaxed);
    page.one("loom_events_dropped_total", "counter", "Deliveries dropped for slow readers.", lost);
    page.head("loom_tool_calls_total", "counter", "Tool calls, by outcome.");
    page.line("loom_tool_calls_total", "{outcome=\"ok\"}", totals.calls_ok.load(Relaxed));
    for (kind, outcome) in [
        (ToolFailureKind::Execution, "error"),
        (ToolFailureKind::Timeout, "timeout"),
        (ToolFailureKind::NotFound, "not_found"),
        (ToolFailureKind::InvalidArguments, "invalid_arguments"),
    ] {
        let labels = format!("{{outcome=\"{outcome}\"}}");
        page.line("loom_tool_calls_total", &labels, totals.failed(kind).load(Relaxed));
    }
    latencies(&mut page, &core.activity.usages.all());
    spans(&mut page, &dashboard.telemetry);
    page.0
}

fn latencies(page: &mut Page, usages: &BTreeMap<String, ToolUsage>) {
    const NAME: &str = "loom_tool_call_duration_seconds";
    page.head(NAME, "histogram", "How long tool calls took, by tool.");
    for (tool, usage) in usages {
        let tool = escaped(tool);
        let mut within = 0;
        for (bound, count) in BOUNDS_MS.iter().zip(usage.latencies) {
            within += count;
            let bound = *bound as f64 / 1000.0;
            let labels = format!("{{tool=\"{tool}\",le=\"{bound}\"}}");
            page.line(&format!("{NAME}_bucket"), &labels, within);
        }
        let all = format!("{{tool=\"{tool}\",le=\"+Inf\"}}");
        page.line(&format!("{NAME}_bucket"), &all, usage.calls);
        let labels = format!("{{tool=\"{tool}\"}}");
        page.line(&format!("{NAME}_sum"), &labels, usage.total.as_secs_f64());
        page.line(&format!("{NAME}_count"), &labels, usage.calls);
    }
}

fn spans(page: &mut Page, telemetry: &Telemetry) {
    let help = "Event spans not taken because there were too many (LOOM_EVENT_SPANS).";
    page.one("loom_event_spans_skipped_total", "counter", help, telemetry.budget.refused());
    let Some(export) = &telemetry.export else { return };
    let (exported, failed) =
        (export.health.exported.load(Relaxed), export.health.failed.load(Relaxed));
    page.one("loom_spans_exported_total", "counter", "Spans the collector took.", exported);
    page.one("loom_spans_export_failed_total", "counter", "Spans it did not take.", failed);
}

/// A label's value, as the format wants it.
fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl Display) {
        // Writing to a String cannot fail.
        _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.head(name, kind, help);
        self.line(name, "", value);
    }
}
