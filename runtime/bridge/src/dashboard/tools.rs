//! Tools and their usage.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use axum::{Json, extract::State};
use loom_base::time::epoch_millis;
use loom_core::{ProviderKind, Runtime, activity::usage::ToolUsage};
use serde_json::{Value, json};

use super::context::DashboardContext;

/// `GET /api/tools`: every tool that is offered or was called, by name. Latencies are in milliseconds: the mean, the
/// median, the 95th percentile and the maximum.
pub async fn tools(State(context): State<DashboardContext>) -> Json<Value> {
    let mut usages = context.runtime.tool_usages();
    let mut tools: Vec<Value> = offered_tools(&context.runtime)
        .into_iter()
        .map(|(name, tool)| {
            let usage = usages.remove(&name).unwrap_or_default();
            tool_json(&name, Some(&tool), usage)
        })
        .collect();
    tools.extend(usages.into_iter().map(|(name, usage)| tool_json(&name, None, usage)));
    Json(json!({ "tools": tools }))
}

#[derive(Debug)]
struct ToolSummary {
    description: String,
    schema: Value,
    /// What executes the tool: an agent, or a part of the runtime.
    provider: &'static str,
    /// The agents that offer the tool.
    agents: Vec<String>,
    is_available: bool,
}

fn offered_tools(runtime: &Runtime) -> BTreeMap<String, ToolSummary> {
    let mut agents: HashMap<String, Vec<String>> = HashMap::new();
    for agent in runtime.agents() {
        for tool in &agent.tools {
            agents.entry(tool.name.clone()).or_default().push(agent.id.clone());
        }
    }
    let tools = runtime.tools().into_iter();
    tools
        .map(|(tool, is_available)| {
            let summary = ToolSummary {
                description: tool.description.clone(),
                schema: serde_json::from_str(&tool.parameters_schema).unwrap_or(Value::Null),
                provider: provider(tool.provider),
                agents: agents.remove(&tool.name).unwrap_or_default(),
                is_available,
            };
            (tool.name.clone(), summary)
        })
        .collect()
}

fn provider(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Native => "native",
        ProviderKind::Wasm => "wasm",
        ProviderKind::Grpc => "agent",
        ProviderKind::Mcp => "mcp",
    }
}

fn tool_json(name: &str, tool: Option<&ToolSummary>, usage: ToolUsage) -> Value {
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let mean = (usage.calls > 0).then(|| ms(usage.total) / usage.calls as f64);
    json!({
        "name": name,
        "description": tool.map(|tool| &tool.description),
        "parameters_schema": tool.map(|tool| &tool.schema),
        "provider": tool.map(|tool| tool.provider),
        "agents": tool.map(|tool| &*tool.agents).unwrap_or_default(),
        "available": tool.is_some_and(|tool| tool.is_available),
        "calls": usage.calls,
        "errors": usage.failed,
        "mean_ms": mean,
        "p50_ms": usage.quantile(0.5).map(ms),
        "p95_ms": usage.quantile(0.95).map(ms),
        "max_ms": (usage.calls > 0).then(|| ms(usage.longest)),
        "last_call_ms": usage.last.map(epoch_millis),
        "last_error": usage.last_error,
    })
}
