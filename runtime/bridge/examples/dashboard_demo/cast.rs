//! Who they are and what they do.

use std::time::Duration;

use serde_json::{Value, json};

use crate::agent::{Deed, Role, random};

const COINS: [(&str, f64); 3] = [("btc", 64_000.0), ("eth", 3_400.0), ("sol", 150.0)];

/// Everybody.
pub(crate) fn all() -> Vec<Role> {
    vec![
        Role {
            name: "market-data",
            topics: &[],
            tools: &[],
            on_event: None,
            habit: Some((Duration::from_millis(450), tick)),
        },
        Role {
            name: "planner",
            topics: &["market.price.btc", "market.price.eth", "risk.*"],
            tools: &[],
            on_event: Some(plan),
            habit: None,
        },
        Role {
            name: "forecaster",
            topics: &["market.price.*"],
            tools: &[("forecast.next", "The next price, more or less.", forecast)],
            on_event: None,
            habit: None,
        },
        Role {
            name: "risk-desk",
            topics: &["plan.*"],
            tools: &[("risk.assess", "How risky a plan is, 0 to 1.", assess)],
            on_event: Some(warn),
            habit: None,
        },
        Role {
            name: "executor",
            topics: &["plan.proposed"],
            tools: &[],
            on_event: Some(execute),
            habit: None,
        },
        Role {
            name: "archivist",
            topics: &["market.*", "order.*", "risk.alert"],
            tools: &[("ledger.book", "Writes an order down.", book)],
            on_event: None,
            habit: Some((Duration::from_secs(9), report)),
        },
    ]
}

fn tick(turn: u64) -> Vec<Deed> {
    let (coin, price) = COINS[(turn % 3) as usize];
    let swing = (turn as f64 / 17.0).sin() * 0.03 + share() * 0.004;
    let price = (price * (1.0 + swing) * 100.0).round() / 100.0;
    let content = json!({ "coin": coin, "price": price, "turn": turn });
    vec![Deed::Say(format!("market.price.{coin}"), content)]
}

/// One price in four is worth a plan.
fn plan(topic: &str, content: &Value) -> Vec<Deed> {
    if !topic.starts_with("market.") || share() > 0.25 {
        return Vec::new();
    }
    let coin = content["coin"].as_str().unwrap_or("btc");
    let side = if share() < 0.5 { "buy" } else { "sell" };
    let plan = json!({ "coin": coin, "side": side, "price": content["price"] });
    vec![
        Deed::Ask("forecast.next", json!({ "coin": coin, "price": content["price"] })),
        Deed::Ask("risk.assess", plan.clone()),
        Deed::Say("plan.proposed".to_owned(), plan),
    ]
}

fn warn(_: &str, content: &Value) -> Vec<Deed> {
    if share() > 0.3 {
        return Vec::new();
    }
    vec![Deed::Say("risk.alert".to_owned(), json!({ "coin": content["coin"], "why": "volatile" }))]
}

fn execute(_: &str, content: &Value) -> Vec<Deed> {
    let order = json!({ "order": format!("{:06x}", random() & 0xff_ffff), "plan": content });
    vec![Deed::Ask("ledger.book", order.clone()), Deed::Say("order.filled".to_owned(), order)]
}

fn report(turn: u64) -> Vec<Deed> {
    vec![Deed::Say("market.report".to_owned(), json!({ "number": turn, "mood": "calm" }))]
}

fn forecast(arguments: &Value) -> (Duration, Result<Value, String>) {
    let price = arguments["price"].as_f64().unwrap_or(0.0);
    let answer = if share() < 0.08 {
        Err("the model has no opinion on this price".to_owned())
    } else {
        Ok(json!({ "price": price * (0.99 + share() / 50.0) }))
    };
    (takes(60, 240), answer)
}

fn assess(_: &Value) -> (Duration, Result<Value, String>) {
    (takes(5, 40), Ok(json!({ "risk": share() })))
}

fn book(arguments: &Value) -> (Duration, Result<Value, String>) {
    (takes(2, 12), Ok(json!({ "booked": arguments["order"] })))
}

/// From 0 to 1.
fn share() -> f64 {
    (random() >> 11) as f64 / (1_u64 << 53) as f64
}

fn takes(from_ms: u64, to_ms: u64) -> Duration {
    Duration::from_millis(from_ms + random() % (to_ms - from_ms))
}
