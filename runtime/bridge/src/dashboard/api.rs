//! Agents, flows and metrics as JSON.

use std::{
    collections::BTreeMap,
    time::{Instant, SystemTime},
};

use axum::{
    Json,
    extract::{RawQuery, State},
};
use loom_base::time::{epoch_millis, format_rfc3339_millis};
use loom_core::{
    AgentView,
    activity::flow::{Flow, FlowNode, NodeKind},
};
use serde_json::{Value, json};

use super::context::DashboardContext;

/// `GET /api/events/status`: the number of observers of the event stream.
pub async fn status(State(context): State<DashboardContext>) -> Json<Value> {
    Json(json!({ "subscribers": context.runtime.snapshot().activity_observers }))
}

/// `GET /api/topology`: the connected agents, and the topics that they are subscribed to; with `?away=true`, also those
/// that are known and have no stream.
pub async fn topology(
    State(context): State<DashboardContext>,
    RawQuery(query): RawQuery,
) -> Json<Value> {
    let with_away = query.is_some_and(|query| query.split('&').any(|pair| pair == "away=true"));
    let mut agents = context.runtime.agents();
    agents.retain(|agent| with_away || agent.streams > 0);
    Json(json!({
        "agents": agents.iter().map(agent_json).collect::<Vec<_>>(),
        "edges": agents.iter().flat_map(edges).collect::<Vec<_>>(),
        "timestamp": timestamp(),
    }))
}

fn agent_json(agent: &AgentView) -> Value {
    json!({
        "id": agent.id,
        "topics": agent.topics.iter().map(|(topic, _)| &**topic).collect::<Vec<_>>(),
        "capabilities": agent.tools.iter().map(|tool| &*tool.name).collect::<Vec<_>>(),
        "connected": agent.streams > 0,
    })
}

/// One edge per pattern, however often it is subscribed to; its count covers all subscriptions.
fn edges(agent: &AgentView) -> Vec<Value> {
    let topics: BTreeMap<&str, u64> =
        agent.topics.iter().map(|(topic, count)| (&**topic, *count)).collect();
    let edge = |(topic, count): (&str, u64)| json!({ "from_topic": topic, "to_agent": agent.id, "event_count": count });
    topics.into_iter().map(edge).collect()
}

/// `GET /api/flow`: which agents, topics and tools exchanged events lately.
pub async fn flow(State(context): State<DashboardContext>) -> Json<Value> {
    let now = Instant::now();
    let now_ms = epoch_millis(SystemTime::now());
    let to_ms = |time: Instant| {
        let ago = now.saturating_duration_since(time).as_millis();
        now_ms.saturating_sub(i64::try_from(ago).unwrap_or(i64::MAX))
    };
    let snapshot = context.runtime.flow(now);
    Json(json!({
        "nodes": snapshot.nodes.iter().map(|n| node_json(n, to_ms(n.last))).collect::<Vec<_>>(),
        "flows": snapshot.flows.iter().map(|f| flow_json(f, to_ms(f.last))).collect::<Vec<_>>(),
        "timestamp": timestamp(),
    }))
}

fn node_json(node: &FlowNode, last_active_ms: i64) -> Value {
    let node_type = match node.kind {
        NodeKind::Agent => "agent",
        NodeKind::EventBus => "eventbus",
        NodeKind::Tool => "tool",
    };
    json!({
        "id": node.id,
        "node_type": node_type,
        "event_count": node.events,
        "topics": node.topics,
        "last_active_ms": last_active_ms,
    })
}

fn flow_json(flow: &Flow, last_event_ms: i64) -> Value {
    json!({
        "source": flow.source,
        "target": flow.target,
        "topic": flow.topic,
        "count": flow.count,
        "last_event_ms": last_event_ms,
    })
}

/// `GET /api/metrics`: gauges, and rates over the last ten seconds.
pub async fn metrics(State(context): State<DashboardContext>) -> Json<Value> {
    let snapshot = context.runtime.snapshot();
    Json(json!({
        "queued": snapshot.queued,
        "active_agents": snapshot.connected_agents,
        "active_subscriptions": snapshot.subscriptions,
        "events_per_sec": snapshot.events_per_second,
        "tool_invocations_per_sec": snapshot.tool_calls_per_second,
    }))
}

/// `GET /api/metrics/history`: the samples of the last five minutes, one per second, oldest first; with `?step=minute`
/// those of the last seven days, one per minute. `timestamp_ms` is the end of a second or minute; `active_agents`,
/// `active_subscriptions`, `queued` and `memory_bytes` are as they were then, all other values are about what happened
/// within it.
pub async fn metrics_history(
    State(context): State<DashboardContext>,
    RawQuery(query): RawQuery,
) -> Json<Value> {
    let by_minute = query.is_some_and(|query| query.split('&').any(|pair| pair == "step=minute"));
    Json(context.history.to_json(by_minute))
}

fn timestamp() -> String {
    format_rfc3339_millis(SystemTime::now())
}
