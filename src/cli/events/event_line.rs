//! One event as a line.

use loom_base::clean;
use serde_json::{Value, json};

/// The characters of a payload that are shown; `--json` has all that is kept.
const PREVIEW_CHARS: usize = 200;

/// The time, what happened, the topic or tool, the agent, the beginning of the payload, and how a call ended.
pub(super) fn text(event: &Value) -> String {
    let field = |key: &str| {
        clean::line(event.get(key).and_then(Value::as_str).unwrap_or_default()).into_owned()
    };
    let kind = field("event_type");
    let kind = ["event_", "agent_", "tool_"]
        .iter()
        .find_map(|prefix| kind.strip_prefix(prefix))
        .unwrap_or(&kind);
    let mut line = format!("{}  {kind:<12}  {}", field("timestamp"), field("topic"));
    let sender = field("sender");
    if !sender.is_empty() {
        line.push_str(&format!("  [{sender}]"));
    }
    let preview = field("payload_preview");
    if !preview.is_empty() {
        line.push_str("  ");
        line.extend(preview.chars().take(PREVIEW_CHARS));
        if preview.chars().nth(PREVIEW_CHARS).is_some() {
            line.push('…');
        }
    }
    line.push_str(&outcome(event));
    line
}

/// An event of the live stream in the form of those of the past: what is not known yet is null or empty.
pub(super) fn complete(event: &Value) -> Value {
    let mut complete = json!({
        "timestamp": "", "event_type": "", "event_id": "", "type": "", "topic": "", "sender": null, "receiver": null,
        "receivers": [], "thread_id": null, "correlation_id": null, "payload_preview": "", "metadata": {},
        "run": null, "span_id": null, "outcome": null, "duration_ms": null, "error": null,
    });
    if let (Some(all), Some(known)) = (complete.as_object_mut(), event.as_object()) {
        all.extend(known.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    complete
}

/// How a call ended; empty for events, and for calls that have not ended.
fn outcome(event: &Value) -> String {
    let Some(word) = event.get("outcome").and_then(Value::as_str) else { return String::new() };
    let took = event.get("duration_ms").and_then(Value::as_f64).unwrap_or_default();
    let error = event.get("error").and_then(Value::as_str).map(clean::line).unwrap_or_default();
    let error = if error.is_empty() { String::new() } else { format!(": {error}") };
    format!("  {} in {took:.1} ms{error}", clean::line(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_no_escape_sequences_of_others() {
        let event = json!({
            "timestamp": "2026-11-29T05:00:00.123Z", "event_type": "event_published",
            "topic": "price\u{1b}[31m", "sender": "market", "payload_preview": "{\"ask\":\n7}",
        });
        let line = text(&event);
        assert!(line.starts_with("2026-11-29T05:00:00.123Z  published     price"), "{line}");
        assert!(line.contains("  [market]  {\"ask\":"), "{line}");
        assert!(!line.contains(['\u{1b}', '\n']), "{line}");
        let away = text(&json!({ "event_type": "agent_away", "topic": "t", "sender": null }));
        assert_eq!(away, "  away          t");
        let call = json!({
            "event_type": "tool_invoked", "topic": "fee", "outcome": "failed", "duration_ms": 3.1449,
            "error": "no\nfee",
        });
        assert_eq!(text(&call), "  invoked       fee  failed in 3.1 ms: no\\nfee");
        let live = complete(&call);
        assert_eq!(
            (&live["topic"], &live["receivers"], live.as_object().unwrap().len()),
            (&json!("fee"), &json!([]), 17)
        );
        let long = text(&json!({ "payload_preview": "x".repeat(300) }));
        assert!(long.ends_with(&format!("{}…", "x".repeat(200))));
    }
}
