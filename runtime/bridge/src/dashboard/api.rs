//! Who is there and how busy, as JSON.

use std::{
    collections::BTreeMap,
    time::{Instant, SystemTime},
};

use axum::{Json, extract::State};
use loom_core::{
    directory::AgentView,
    flow::{Flow, FlowNode, NodeKind},
};
use serde_json::{Value, json};

use super::Dashboard;
use crate::convert::epoch_ms;

/// `GET /api/events/status`: how many watch the event stream.
pub async fn status(State(dashboard): State<Dashboard>) -> Json<Value> {
    Json(json!({ "subscribers": dashboard.core.activity.feed.watchers() }))
}

/// `GET /api/topology`: registered agents, and which topics lead to them.
pub async fn topology(State(dashboard): State<Dashboard>) -> Json<Value> {
    let agents = dashboard.core.directory.agents();
    Json(json!({
        "agents": agents.iter().map(agent).collect::<Vec<_>>(),
        "edges": agents.iter().flat_map(edges).collect::<Vec<_>>(),
        "timestamp": now(),
    }))
}

fn agent(agent: &AgentView) -> Value {
    json!({
        "id": agent.id,
        "topics": agent.topics.iter().map(|(topic, _)| &**topic).collect::<Vec<_>>(),
        "capabilities": agent.tools.iter().map(|tool| &*tool.name).collect::<Vec<_>>(),
        "connected": agent.streams > 0,
    })
}

/// One per pattern, however often it is subscribed to; the count is of all copies.
fn edges(agent: &AgentView) -> Vec<Value> {
    let topics: BTreeMap<&str, u64> =
        agent.topics.iter().map(|(t, count)| (&**t, *count)).collect();
    let edge = |(topic, count): (&str, u64)| json!({ "from_topic": topic, "to_agent": agent.id, "event_count": count });
    topics.into_iter().map(edge).collect()
}

/// `GET /api/flow`: who lately spoke to whom.
pub async fn flow(State(dashboard): State<Dashboard>) -> Json<Value> {
    let now_instant = Instant::now();
    let now_ms = epoch_ms(SystemTime::now());
    let ms = |then: Instant| {
        let ago = now_instant.saturating_duration_since(then).as_millis();
        now_ms.saturating_sub(i64::try_from(ago).unwrap_or(i64::MAX))
    };
    let graph = dashboard.core.activity.graph.as_ref();
    let (nodes, flows) = graph.map(|graph| graph.view(now_instant)).unwrap_or_default();
    Json(json!({
        "nodes": nodes.iter().map(|n| node(n, ms(n.last))).collect::<Vec<_>>(),
        "flows": flows.iter().map(|f| edge(f, ms(f.last))).collect::<Vec<_>>(),
        "timestamp": now(),
    }))
}

fn node(node: &FlowNode, last_active_ms: i64) -> Value {
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

fn edge(flow: &Flow, last_event_ms: i64) -> Value {
    json!({
        "source": flow.source,
        "target": flow.target,
        "topic": flow.topic,
        "count": flow.count,
        "last_event_ms": last_event_ms,
    })
}

/// `GET /api/metrics`: how busy, measured over the last seconds.
pub async fn metrics(State(dashboard): State<Dashboard>) -> Json<Value> {
    let (core, now) = (&dashboard.core, Instant::now());
    Json(json!({
        "active_agents": core.directory.connected(),
        "active_subscriptions": core.bus.subscriptions(),
        "events_per_sec": core.activity.events.per_second(now),
        "tool_invocations_per_sec": core.activity.tools.per_second(now),
    }))
}

fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}
