//! The state of the runtime as JSON.

use std::time::SystemTime;

use axum::{Json, extract::State};
use loom_base::time::epoch_millis;
use loom_core::{llm::LlmProviders, mcp::McpServerStatus};
use serde_json::{Value, json};

use super::context::DashboardContext;
use crate::{memory, otlp::OtlpExport};

/// `GET /api/runtime`: the project, version and address; since when it runs; memory and queues; MCP servers and LLM
/// providers.
pub async fn runtime(State(context): State<DashboardContext>) -> Json<Value> {
    let identity = &context.identity;
    let snapshot = context.runtime.snapshot();
    let uptime_ms = i64::try_from(context.started.elapsed().as_millis()).unwrap_or(i64::MAX);
    Json(json!({
        "project": identity.project,
        "version": env!("CARGO_PKG_VERSION"),
        "bridge": identity.bridge.to_string(),
        "tls": identity.has_tls,
        "token": identity.has_token,
        "started_ms": epoch_millis(SystemTime::now()).saturating_sub(uptime_ms),
        "uptime_ms": uptime_ms,
        "memory_bytes": memory::resident_bytes(),
        "queued": snapshot.queued,
        "dropped": snapshot.totals.dropped,
        "export": exports_json(&context),
        "history": context.telemetry.history.is_some(),
        "mcp": identity.mcp.all().into_iter().map(server_json).collect::<Vec<_>>(),
        "llm": providers_json(&identity.llm),
    }))
}

/// The export to collectors, one entry per signal.
fn exports_json(context: &DashboardContext) -> Value {
    let all = context.telemetry.export.iter().flat_map(OtlpExport::health);
    all.map(|health| {
        json!({
            "signal": health.signal.as_str(),
            "collector": health.address,
            "exported": health.exported(),
            "failed": health.failed(),
            "failing": health.is_failing(),
        })
    })
    .collect()
}

fn server_json(server: McpServerStatus) -> Value {
    let McpServerStatus { name, state, reason, restarts } = server;
    json!({ "name": name, "state": state, "reason": reason, "restarts": restarts })
}

fn providers_json(llm: &LlmProviders) -> Value {
    let default = llm.default.as_ref().or(llm.all.first().map(|first| &first.name));
    llm.all
        .iter()
        .map(|provider| {
            json!({
                "name": provider.name,
                "model": provider.model,
                "is_default": Some(&provider.name) == default,
                "error": provider.check().err(),
            })
        })
        .collect()
}
