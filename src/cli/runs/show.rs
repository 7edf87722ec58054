//! `loom runs show`: one run, from its trigger to its end.

use loom_base::clean;
use serde_json::{Value, json};

use super::{cost::cost, waterfall::waterfall};
use crate::cli::{Exit, Outcome, context::Context, history_source::HistorySource};

pub(super) fn run(id: &str, source: &HistorySource, context: &Context) -> Outcome {
    let run = source.ask(&format!("/api/runs/{}", source.complete(id)?))?;
    context.printer.answer(&json!({ "schema": 1, "run": run }), || text(&run))?;
    Ok(Exit::Success)
}

fn text(run: &Value) -> String {
    let field = |key: &str| match run.get(key) {
        Some(Value::String(text)) => clean::line(text).into_owned(),
        Some(Value::Array(list)) => {
            let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            clean::line(&words.join(", ")).into_owned()
        }
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let mut text = format!("run {}  {}\n", field("id"), field("status"));
    for (label, key) in [
        ("trigger", "trigger"),
        ("agents", "agents"),
        ("started", "started_at"),
        ("took (ms)", "duration_ms"),
        ("events", "events"),
        ("tokens", "tokens"),
        ("error", "error"),
    ] {
        let value = field(key);
        if !value.is_empty() && value != "0" {
            text.push_str(&format!("  {label:<9}  {value}\n"));
        }
    }
    if let Some(cost) = cost(run) {
        text.push_str(&format!("  {:<9}  {cost}\n", "cost"));
    }
    if let Some(absence) = absence(run) {
        text.push_str(&format!("  {:<9}  {absence}\n", "contents"));
    }
    if let Some(original) = replay_of(run) {
        text.push_str(&format!("  {:<9}  {original}\n", "replay of"));
    }
    let spans = run.get("span_list").and_then(Value::as_array).cloned().unwrap_or_default();
    text.push('\n');
    text.push_str(&waterfall(&spans));
    if let Some(further) = run.get("further_spans").and_then(Value::as_u64).filter(|n| *n > 0) {
        text.push_str(&format!("  … and {further} further spans\n"));
    }
    text
}

/// Why a run has no contents, besides that nothing went in or came out.
fn absence(run: &Value) -> Option<&'static str> {
    let is = |key: &str| run.get(key).and_then(Value::as_bool).unwrap_or_default();
    if is("is_secret") {
        return Some("not kept: marked secret");
    }
    is("contents_removed").then_some("removed for room (history.max_size)")
}

/// The run that this one replays.
fn replay_of(run: &Value) -> Option<String> {
    let spans = run.get("span_list").and_then(Value::as_array)?;
    let original = spans.iter().find_map(|span| span.pointer("/attributes/replay_of")?.as_str())?;
    Some(clean::line(original).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_contents_have_a_reason_and_empty_ones_none() {
        for (run, reason) in [
            (json!({}), None),
            (json!({ "contents_removed": true }), Some("removed for room (history.max_size)")),
            (
                json!({ "is_secret": true, "contents_removed": true }),
                Some("not kept: marked secret"),
            ),
        ] {
            assert_eq!(absence(&run), reason, "{run}");
            assert_eq!(text(&run).contains("  contents "), reason.is_some(), "{run}");
        }
    }
}
