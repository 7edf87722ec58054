//! Tools: who offers them, how they were used.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use axum::{Json, extract::State};
use loom_core::{ProviderKind, Runtime, Tool, registry::Lookup, usage::ToolUsage};
use serde_json::{Value, json};

use super::Dashboard;
use crate::convert::epoch_ms;

/// `GET /api/tools`: every tool that is offered or was called, by name. Latencies in milliseconds: the mean, and the
/// bounds that half, and 95 of 100, of the calls stayed within.
pub async fn tools(State(dashboard): State<Dashboard>) -> Json<Value> {
    let mut usages = dashboard.core.activity.usages.all();
    let mut tools: Vec<Value> = offered(&dashboard.core)
        .into_iter()
        .map(|(name, offer)| tool(&name, Some(&offer), usages.remove(&name).unwrap_or_default()))
        .collect();
    tools.extend(usages.into_iter().map(|(name, usage)| tool(&name, None, usage)));
    Json(json!({ "tools": tools }))
}

#[derive(Debug)]
struct Offered {
    description: String,
    schema: Value,
    /// Who carries it out: agents, or the runtime's own parts.
    provider: &'static str,
    agents: Vec<String>,
    available: bool,
}

fn offered(core: &Runtime) -> BTreeMap<String, Offered> {
    let mut agents: HashMap<String, Vec<String>> = HashMap::new();
    for agent in core.directory.agents() {
        for tool in &agent.tools {
            agents.entry(tool.name.clone()).or_default().push(agent.id.clone());
        }
    }
    let offer = |tool: Arc<Tool>| {
        let offered = Offered {
            description: tool.description.clone(),
            schema: serde_json::from_str(&tool.parameters_schema).unwrap_or(Value::Null),
            provider: provider(tool.provider),
            agents: agents.remove(&tool.name).unwrap_or_default(),
            available: matches!(core.tools.find(&tool.name), Lookup::Here(..)),
        };
        (tool.name.clone(), offered)
    };
    core.tools.tools().into_iter().map(offer).collect()
}

fn provider(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Native => "native",
        ProviderKind::Wasm => "wasm",
        ProviderKind::Grpc => "agent",
        ProviderKind::Mcp => "mcp",
    }
}

fn tool(name: &str, offer: Option<&Offered>, usage: ToolUsage) -> Value {
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let mean = (usage.calls > 0).then(|| ms(usage.total) / usage.calls as f64);
    json!({
        "name": name,
        "description": offer.map(|offer| &offer.description),
        "parameters_schema": offer.map(|offer| &offer.schema),
        "provider": offer.map(|offer| offer.provider),
        "agents": offer.map(|offer| &*offer.agents).unwrap_or_default(),
        "available": offer.is_some_and(|offer| offer.available),
        "calls": usage.calls,
        "errors": usage.failed,
        "mean_ms": mean,
        "p50_ms": usage.quantile(0.5).map(ms),
        "p95_ms": usage.quantile(0.95).map(ms),
        "max_ms": (usage.calls > 0).then(|| ms(usage.longest)),
        "last_call_ms": usage.last.map(epoch_ms),
        "last_error": usage.last_error,
    })
}
