//! The spans of a run as text: each below its parent, with its agent, its time and what went in and came out.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use loom_base::{clean, time::duration_text};
use serde_json::Value;

/// The characters of a body that are shown; `--json` has the rest.
const BODY_CHARS: usize = 200;
/// How deep spans are indented.
const MAX_DEPTH: usize = 24;

/// One line for each span, and one for each of its bodies.
pub(super) fn waterfall(spans: &[Value]) -> String {
    let by_id: HashMap<&str, &Value> =
        spans.iter().filter_map(|span| Some((id(span)?, span))).collect();
    let mut children: HashMap<Option<&str>, Vec<&Value>> = HashMap::new();
    for span in spans {
        let parent = span.get("parent_span_id").and_then(Value::as_str);
        let parent =
            parent.filter(|parent| by_id.contains_key(parent) && Some(*parent) != id(span));
        children.entry(parent).or_default().push(span);
    }
    let mut text = String::new();
    let roots = children.remove(&None).unwrap_or_default();
    // Spans that are each other's parents have no root: the first of them is one.
    let roots = roots.into_iter().chain(spans);
    let mut written = HashSet::new();
    for root in roots {
        // Of a chain as long as the history keeps, each span is a child of the one before: no recursion.
        let mut open: Vec<(usize, &Value)> = vec![(0, root)];
        while let Some((depth, span)) = open.pop() {
            if !written.insert(std::ptr::from_ref(span)) {
                continue;
            }
            write_span(&mut text, depth, span);
            let below = children.remove(&id(span)).unwrap_or_default();
            open.extend(below.into_iter().rev().map(|child| (depth + 1, child)));
        }
    }
    text
}

fn id(span: &Value) -> Option<&str> {
    span.get("span_id").and_then(Value::as_str)
}

fn write_span(text: &mut String, depth: usize, span: &Value) {
    let field = |key: &str| {
        span.get(key).and_then(Value::as_str).map(|text| clean::line(text).into_owned())
    };
    let indent = "  ".repeat(depth.min(MAX_DEPTH) + 1);
    let duration = span.get("duration").and_then(Value::as_u64).unwrap_or_default();
    let what = [field("name"), field("topic").or_else(|| field("tool")), field("model")];
    let what: Vec<String> = what.into_iter().flatten().collect();
    let agent = field("agent").map(|agent| format!("  [{agent}]")).unwrap_or_default();
    let time = duration_text(Duration::from_nanos(duration));
    let error = match (field("status").as_deref(), field("error_message")) {
        (Some("error"), message) => format!("  FAILED: {}", message.unwrap_or_default()),
        _ => String::new(),
    };
    text.push_str(&format!("{indent}{}{agent}  {time}{error}\n", what.join(" ")));
    for body in span.get("bodies").and_then(Value::as_array).into_iter().flatten() {
        let kind = body.get("kind").and_then(Value::as_str).unwrap_or_default();
        let content = body.get("text").and_then(Value::as_str).unwrap_or_default();
        let mut shown: String = clean::line(content).chars().take(BODY_CHARS).collect();
        if content.chars().nth(BODY_CHARS).is_some() {
            shown.push('…');
        }
        text.push_str(&format!("{indent}  {}: {shown}\n", clean::line(kind)));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spans_are_below_their_parents_with_their_bodies() {
        let spans = [
            json!({"span_id": "a", "parent_span_id": "gone", "name": "event.publish", "topic": "price",
                   "agent": "market", "duration": 1_500_000,
                   "bodies": [{"kind": "input", "text": "{\"ask\":\u{1b}[31m7}"}]}),
            json!({"span_id": "c", "parent_span_id": "b", "name": "tool.call", "tool": "fee", "duration": 2_000,
                   "status": "error", "error_message": "no\nfee"}),
            json!({"span_id": "b", "parent_span_id": "a", "name": "event.deliver", "topic": "price",
                   "agent": "analyst", "duration": 3_000_000}),
            json!({"span_id": "d", "parent_span_id": "d", "name": "own parent", "duration": 0}),
        ];
        insta::assert_snapshot!(waterfall(&spans));
    }

    #[test]
    fn spans_that_are_each_others_parents_are_written_once() {
        let span = |id: &str, parent: &str, name: &str| json!({"span_id": id, "parent_span_id": parent, "name": name});
        let spans = [
            span("a", "b", "one"),
            span("b", "a", "two"),
            span("c", "a", "three"),
            json!({"span_id": "r", "name": "root"}),
        ];
        let text = waterfall(&spans);
        let names: Vec<_> =
            text.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
        assert_eq!(names, ["root", "one", "two", "three"]);
    }

    #[test]
    fn a_long_chain_is_written_without_recursion() {
        let spans: Vec<Value> = (0..20_000)
            .map(|n| json!({"span_id": n.to_string(), "parent_span_id": (n - 1).to_string(), "name": "x"}))
            .collect();
        assert_eq!(waterfall(&spans).lines().count(), 20_000);
    }
}
