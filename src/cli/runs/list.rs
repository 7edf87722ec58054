//! `loom runs`: the latest runs, one in a line.

use std::time::{Duration, SystemTime};

use loom_base::{
    clean,
    time::{ago, duration_text, epoch_millis, parse_rfc3339},
};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::cost::cost;
use crate::cli::{
    Exit, Outcome, context::Context, history_source::HistorySource, logs, table::table,
};

/// Which runs are listed.
#[derive(Debug, clap::Args)]
pub(super) struct RunFilter {
    /// Show only failed runs
    #[arg(long, conflicts_with = "status")]
    failed: bool,
    /// Show only runs with this status: running, ok, failed or partial
    #[arg(long, value_name = "STATUS", value_parser = ["running", "ok", "failed", "partial"], hide_possible_values = true)]
    status: Option<String>,
    /// Show only runs since a time: 10m, 2h, or 2026-11-27T03:00:00Z
    #[arg(long, value_name = "TIME", value_parser = logs::since)]
    since: Option<SystemTime>,
    /// Show only runs in which this agent took part
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Show only runs with an event on this topic
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Show only runs that called this tool
    #[arg(long, value_name = "TOOL")]
    tool: Option<String>,
    /// Show only runs that asked this model
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Show only runs whose content has these words, or words that begin so
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// Show registrations of agents too, each of which is a run
    #[arg(long)]
    registrations: bool,
    /// The number of runs to show
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

pub(super) fn run(args: &RunFilter, source: &HistorySource, context: &Context) -> Outcome {
    let page = source.ask(&path(args))?;
    let runs = page.get("runs").and_then(Value::as_array).cloned().unwrap_or_default();
    if runs.is_empty() {
        context.printer.message("no run matches");
    }
    let next = page.get("next").cloned().unwrap_or_default();
    let text = || listing(&runs, SystemTime::now());
    context.printer.answer(&json!({ "schema": 1, "runs": runs, "next": next }), text)?;
    Ok(Exit::Success)
}

fn path(args: &RunFilter) -> String {
    let mut query = Serializer::for_suffix("/api/runs?".to_owned(), "/api/runs?".len());
    let status = if args.failed { Some("failed") } else { args.status.as_deref() };
    let since = args.since.map(|since| epoch_millis(since).max(0).to_string());
    for (name, value) in [
        ("status", status),
        ("since", since.as_deref()),
        ("agent", args.agent.as_deref()),
        ("topic", args.topic.as_deref()),
        ("tool", args.tool.as_deref()),
        ("model", args.model.as_deref()),
        ("q", args.search.as_deref()),
        ("registrations", args.registrations.then_some("true")),
    ] {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    query.append_pair("limit", &args.limit.to_string()).finish()
}

fn listing(runs: &[Value], now: SystemTime) -> String {
    let rows: Vec<[String; 9]> = runs.iter().map(|run| row(run, now)).collect();
    if rows.is_empty() {
        return String::new();
    }
    table(
        ["ID", "STARTED", "STATUS", "TRIGGER", "AGENTS", "TIME", "EVENTS", "COST", "ERROR"],
        &rows,
    )
}

/// The digits of an id that a list shows; enough to tell the runs of a history apart.
const ID_SHOWN: usize = 12;

fn row(run: &Value, now: SystemTime) -> [String; 9] {
    let text = |key: &str| {
        clean::line(run.get(key).and_then(Value::as_str).unwrap_or_default()).into_owned()
    };
    let started = run.get("started_at").and_then(Value::as_str).and_then(parse_rfc3339);
    let age = started.map(|started| now.duration_since(started).unwrap_or_default());
    let agents = run.get("agents").and_then(Value::as_array).cloned().unwrap_or_default();
    let agents: Vec<&str> = agents.iter().filter_map(Value::as_str).collect();
    let duration = run.get("duration_ms").and_then(Value::as_f64).unwrap_or_default();
    let events = run.get("events").and_then(Value::as_u64).unwrap_or_default();
    [
        text("id").chars().take(ID_SHOWN).collect(),
        age.map(ago).unwrap_or_default(),
        text("status"),
        text("trigger"),
        clean::line(&agents.join(", ")).into_owned(),
        duration_text(Duration::from_secs_f64((duration / 1e3).clamp(0.0, 1e9))),
        events.to_string(),
        cost(run).unwrap_or_default(),
        text("error"),
    ]
}
