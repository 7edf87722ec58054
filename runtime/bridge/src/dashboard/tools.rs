//! Tools: who offers them, how they were used.

use std::{collections::BTreeMap, time::Duration};

use axum::{Json, extract::State};
use loom_core::{Runtime, usage::Usage};
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

#[derive(Debug, Default)]
struct Offered {
    description: String,
    schema: String,
    provider: &'static str,
    agents: Vec<String>,
    connected: bool,
}

fn offered(core: &Runtime) -> BTreeMap<String, Offered> {
    let mut tools: BTreeMap<String, Offered> = BTreeMap::new();
    for agent in core.directory.agents() {
        for tool in &agent.tools {
            let offer = tools.entry(tool.name.clone()).or_default();
            offer.description.clone_from(&tool.description);
            offer.schema.clone_from(&tool.parameters_schema);
            offer.provider = "agent";
            offer.agents.push(agent.id.clone());
            offer.connected |= agent.streams > 0;
        }
    }
    tools
}

fn tool(name: &str, offer: Option<&Offered>, usage: Usage) -> Value {
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let mean = (usage.calls > 0).then(|| ms(usage.total) / usage.calls as f64);
    let schema = offer.map(|offer| serde_json::from_str(&offer.schema).unwrap_or(Value::Null));
    json!({
        "name": name,
        "description": offer.map(|offer| &offer.description),
        "parameters_schema": schema,
        "provider": offer.map(|offer| offer.provider),
        "agents": offer.map(|offer| &*offer.agents).unwrap_or_default(),
        "available": offer.is_some_and(|offer| offer.connected),
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
