//! The content of a call as attributes of its span: redacted first, then cut.

use loom_history::{BodyRow, KeyPatterns, redact_body};
use opentelemetry::KeyValue;

use super::{captured::CapturedCall, messages};
use crate::spans::conventions;

/// The part of an argument, result or list of messages that is exported, in bytes: as much as the history keeps.
pub(super) const MAX_CONTENT: usize = 64 << 10;

/// The attributes of a call of a tool.
pub(super) fn of_tool(call: &CapturedCall, patterns: &KeyPatterns) -> Vec<KeyValue> {
    let redacted = |text: &str| {
        let redacted = redact_body(text.as_bytes(), "application/json", MAX_CONTENT, patterns);
        String::from_utf8_lossy(&redacted.content).into_owned()
    };
    let arguments = KeyValue::new("gen_ai.tool.call.arguments", redacted(&call.input));
    let result = call.output.as_deref();
    let result = result.map(|text| KeyValue::new("gen_ai.tool.call.result", redacted(text)));
    [arguments].into_iter().chain(result).collect()
}

/// The attributes of the content that an agent sent with a span.
pub(super) fn of_agent(bodies: &[BodyRow], patterns: &KeyPatterns) -> Vec<KeyValue> {
    let attribute = |BodyRow { kind, content_type, content }: &BodyRow| {
        let redacted = redact_body(content, content_type, MAX_CONTENT, patterns);
        let text = String::from_utf8_lossy(&redacted.content).into_owned();
        KeyValue::new(conventions::content_name(*kind), text)
    };
    bodies.iter().map(attribute).collect()
}

/// The attributes of a request to a language model.
pub(super) fn of_model(call: &CapturedCall, patterns: &KeyPatterns) -> Vec<KeyValue> {
    let redacted =
        |text: &str| redact_body(text.as_bytes(), "application/json", usize::MAX, patterns).content;
    let prompt = messages::prompt(&redacted(&call.input), MAX_CONTENT);
    let answer = call.output.as_deref();
    let answer = answer.and_then(|text| messages::answer(&redacted(text), MAX_CONTENT));
    let (instructions, messages) = match prompt {
        Some(prompt) => (prompt.instructions, Some(prompt.messages)),
        None => (None, None),
    };
    let named = [
        ("gen_ai.system_instructions", instructions),
        ("gen_ai.input.messages", messages),
        ("gen_ai.output.messages", answer),
    ];
    named.into_iter().filter_map(|(key, text)| Some(KeyValue::new(key, text?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(input: &str, output: Option<&str>) -> CapturedCall {
        let output = output.map(str::to_owned);
        CapturedCall { input: input.to_owned(), output, ..CapturedCall::default() }
    }

    fn pairs(attributes: &[KeyValue]) -> Vec<(&str, String)> {
        attributes.iter().map(|pair| (pair.key.as_str(), pair.value.to_string())).collect()
    }

    #[test]
    fn arguments_and_results_are_redacted_and_cut() {
        let patterns = KeyPatterns::default();
        let long = format!("{{\"password\":\"hush\",\"x\":\"{}\"}}", "y".repeat(2 * MAX_CONTENT));
        let attributes = of_tool(&call(&long, Some("{\"token\":\"hush\"}")), &patterns);
        let attributes = pairs(&attributes);
        assert_eq!(
            (attributes[0].0, attributes[0].1.len()),
            ("gen_ai.tool.call.arguments", MAX_CONTENT)
        );
        assert!(attributes[0].1.starts_with("{\"password\":\"***\",\"x\":\"yy"));
        assert_eq!(attributes[1], ("gen_ai.tool.call.result", "{\"token\":\"***\"}".to_owned()));
        assert_eq!(of_tool(&call("{}", None), &patterns).len(), 1);
    }

    #[test]
    fn content_of_agents_is_redacted() {
        let content = "[{\"api_key\":\"hush\"}]".into();
        let kind = loom_history::BodyKind::InputMessages;
        let body = BodyRow { kind, content_type: "".into(), content };
        let attributes = of_agent(&[body], &KeyPatterns::default());
        let expected = ("gen_ai.input.messages", "[{\"api_key\":\"***\"}]".to_owned());
        assert_eq!(pairs(&attributes), [expected]);
    }

    #[test]
    fn prompts_and_answers_are_messages() {
        let arguments = "{\"prompt\":\"p\",\"system\":\"s\"}";
        let attributes =
            of_model(&call(arguments, Some("{\"text\":\"t\"}")), &KeyPatterns::default());
        let keys: Vec<_> = pairs(&attributes).into_iter().map(|(key, _)| key).collect();
        let expected =
            ["gen_ai.system_instructions", "gen_ai.input.messages", "gen_ai.output.messages"];
        assert_eq!(keys, expected);
    }
}
