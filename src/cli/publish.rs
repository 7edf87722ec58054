//! `loom publish`: publishes an event on the running runtime.

use std::collections::BTreeMap;

use loom_base::clean;
use serde_json::{Value, json};

use super::{Exit, Outcome, context::Context, json_argument, running_dashboard::RunningDashboard};

/// Arguments of `loom publish`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The topic
    topic: String,
    /// The payload as JSON; @FILE reads a file, - standard input
    #[arg(value_name = "JSON")]
    payload: String,
    /// The type of the event
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// An entry of the metadata; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = entry)]
    metadata: Vec<(String, String)>,
    /// Keep no content of the run that this begins
    #[arg(long)]
    secret: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let payload = json_argument::read(&args.payload)?;
    let dashboard = RunningDashboard::of(context)?;
    let answer = dashboard.post("/api/events", &body(args, &payload))?;
    let field = |key: &str| answer.get(key).cloned().unwrap_or_default();
    let document = json!({
        "schema": 1, "topic": args.topic, "id": field("id"), "run": field("run"),
        "delivered": field("delivered"),
    });
    context.printer.answer(&document, || {
        let topic = clean::line(&args.topic);
        let delivered = field("delivered").as_u64().unwrap_or_default();
        let run = field("run").as_str().map(|run| format!(" as run {}", clean::line(run)));
        let run = run.unwrap_or_default();
        let subscribers = if delivered == 1 { "subscription" } else { "subscriptions" };
        format!("published on {topic} to {delivered} {subscribers}{run}")
    })?;
    Ok(Exit::Success)
}

fn body(args: &Args, payload: &str) -> Value {
    let mut metadata: BTreeMap<&str, &str> =
        args.metadata.iter().map(|(key, value)| (&**key, &**value)).collect();
    if args.secret {
        metadata.insert("loom.secret", "true");
    }
    let mut body = json!({ "topic": args.topic, "payload_text": payload, "metadata": metadata });
    if let Some(kind) = &args.kind {
        body["type"] = json!(kind);
    }
    body
}

fn entry(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_published_as_it_stands() {
        let args = Args {
            topic: "t".to_owned(),
            payload: String::new(),
            kind: Some("quote".to_owned()),
            metadata: vec![entry("k=a=b").unwrap()],
            secret: true,
        };
        let expected = json!({
            "topic": "t", "payload_text": "1.0", "type": "quote",
            "metadata": { "k": "a=b", "loom.secret": "true" },
        });
        assert_eq!(body(&args, "1.0"), expected);
        assert!(entry("k").is_err() && entry("=v").is_err());
    }
}
