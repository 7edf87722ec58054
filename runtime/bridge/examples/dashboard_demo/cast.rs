//! The agents and what they do.

use std::time::Duration;

use loom_base::backoff::jitter;
use serde_json::{Value, json};

use crate::agent::{AgentAction, AgentRole, random};

const COINS: [(&str, f64); 3] = [("btc", 64_000.0), ("eth", 3_400.0), ("sol", 150.0)];

/// All agents.
pub(crate) fn all() -> Vec<AgentRole> {
    vec![
        AgentRole {
            name: "market-data",
            topics: &[],
            tools: &[],
            on_event: None,
            routine: Some((Duration::from_millis(450), tick)),
        },
        AgentRole {
            name: "planner",
            topics: &["market.price.btc", "market.price.eth", "risk.*"],
            tools: &[],
            on_event: Some(plan),
            routine: None,
        },
        AgentRole {
            name: "forecaster",
            topics: &["market.price.*"],
            tools: &[("forecast.next", "An estimate of the next price.", forecast)],
            on_event: None,
            routine: None,
        },
        AgentRole {
            name: "risk-desk",
            topics: &["plan.*"],
            tools: &[("risk.assess", "The risk of a plan, 0 to 1.", assess)],
            on_event: Some(warn),
            routine: None,
        },
        AgentRole {
            name: "executor",
            topics: &["plan.proposed"],
            tools: &[],
            on_event: Some(execute),
            routine: None,
        },
        AgentRole {
            name: "archivist",
            topics: &["market.*", "order.*", "risk.alert"],
            tools: &[("ledger.book", "Records an order.", book)],
            on_event: None,
            routine: Some((Duration::from_secs(9), report)),
        },
    ]
}

fn tick(turn: u64) -> Vec<AgentAction> {
    let (coin, price) = COINS[(turn % 3) as usize];
    let swing = (turn as f64 / 17.0).sin() * 0.03 + jitter() * 0.004;
    let price = (price * (1.0 + swing) * 100.0).round() / 100.0;
    let content = json!({ "coin": coin, "price": price, "turn": turn });
    vec![AgentAction::Publish(format!("market.price.{coin}"), content)]
}

/// Makes a plan of one price in four.
fn plan(topic: &str, content: &Value) -> Vec<AgentAction> {
    if !topic.starts_with("market.") || jitter() > 0.25 {
        return Vec::new();
    }
    let coin = content["coin"].as_str().unwrap_or("btc");
    let side = if jitter() < 0.5 { "buy" } else { "sell" };
    let plan = json!({ "coin": coin, "side": side, "price": content["price"] });
    vec![
        AgentAction::Call("forecast.next", json!({ "coin": coin, "price": content["price"] })),
        AgentAction::Call("risk.assess", plan.clone()),
        AgentAction::Publish("plan.proposed".to_owned(), plan),
    ]
}

fn warn(_: &str, content: &Value) -> Vec<AgentAction> {
    if jitter() > 0.3 {
        return Vec::new();
    }
    vec![AgentAction::Publish(
        "risk.alert".to_owned(),
        json!({ "coin": content["coin"], "why": "volatile" }),
    )]
}

fn execute(_: &str, content: &Value) -> Vec<AgentAction> {
    let order = json!({ "order": format!("{:06x}", random() & 0xff_ffff), "plan": content });
    vec![
        AgentAction::Call("ledger.book", order.clone()),
        AgentAction::Publish("order.filled".to_owned(), order),
    ]
}

fn report(turn: u64) -> Vec<AgentAction> {
    vec![AgentAction::Publish(
        "market.report".to_owned(),
        json!({ "number": turn, "mood": "calm" }),
    )]
}

fn forecast(arguments: &Value) -> (Duration, Result<Value, String>) {
    let price = arguments["price"].as_f64().unwrap_or(0.0);
    let result = if jitter() < 0.08 {
        Err("the model has no estimate for this price".to_owned())
    } else {
        Ok(json!({ "price": price * (0.99 + jitter() / 50.0) }))
    };
    (latency(60, 240), result)
}

fn assess(_: &Value) -> (Duration, Result<Value, String>) {
    (latency(5, 40), Ok(json!({ "risk": jitter() })))
}

fn book(arguments: &Value) -> (Duration, Result<Value, String>) {
    (latency(2, 12), Ok(json!({ "booked": arguments["order"] })))
}

/// A random latency within these limits.
fn latency(from_ms: u64, to_ms: u64) -> Duration {
    Duration::from_millis(from_ms + random() % (to_ms - from_ms))
}
