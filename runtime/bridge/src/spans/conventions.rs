//! Names of attributes: ours in the dashboard's API, and those of OpenTelemetry's semantic conventions in OTLP.
//!
//! The conventions of messaging, GenAI and MCP as of [`SCHEMA_URL`].

use loom_history::BodyKind;

/// The version of the semantic conventions.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.37.0";

/// Our names, and those of the conventions.
const NAMES: [(&str, &str); 13] = [
    ("topic", "messaging.destination.name"),
    ("event_id", "messaging.message.id"),
    ("pattern", "messaging.destination.subscription.name"),
    ("conversation", "gen_ai.conversation.id"),
    ("agent", "gen_ai.agent.name"),
    ("tool", "gen_ai.tool.name"),
    ("call_id", "gen_ai.tool.call.id"),
    ("provider", "gen_ai.provider.name"),
    ("model", "gen_ai.request.model"),
    ("input_tokens", "gen_ai.usage.input_tokens"),
    ("output_tokens", "gen_ai.usage.output_tokens"),
    ("finish_reason", "gen_ai.response.finish_reasons"),
    ("code", "error.type"),
];

/// The attributes that the conventions ask of spans of this name, besides those that the span has.
const CONSTANTS: [(&str, &[(&str, &str)]); 7] = [
    ("event.publish", &[("messaging.system", "loom"), ("messaging.operation.type", "send")]),
    ("event.deliver", &[("messaging.system", "loom"), ("messaging.operation.type", "receive")]),
    ("event.handle", &[("messaging.system", "loom"), ("messaging.operation.type", "process")]),
    ("tool.call", &[("gen_ai.operation.name", "execute_tool")]),
    ("tool.execute", &[("gen_ai.operation.name", "execute_tool")]),
    ("llm.generate", &[("gen_ai.operation.name", "chat")]),
    ("mcp.call", &[("mcp.method.name", "tools/call")]),
];

/// Names that other conventions, or earlier versions, have for ours.
const OTHER_NAMES: [(&str, &str); 4] = [
    ("gen_ai.response.model", "model"),
    ("gen_ai.system", "provider"),
    ("gen_ai.usage.prompt_tokens", "input_tokens"),
    ("gen_ai.usage.completion_tokens", "output_tokens"),
];

/// The attributes that hold content, which the conventions make opt-in, and those of `OpenInference` that hold the same.
const CONTENT: [(&str, BodyKind); 7] = [
    ("gen_ai.input.messages", BodyKind::InputMessages),
    ("gen_ai.output.messages", BodyKind::OutputMessages),
    ("gen_ai.system_instructions", BodyKind::Instructions),
    ("gen_ai.tool.call.arguments", BodyKind::Input),
    ("gen_ai.tool.call.result", BodyKind::Output),
    ("input.value", BodyKind::Input),
    ("output.value", BodyKind::Output),
];
/// Beginnings of names under which other conventions, and earlier versions, have content or parts of it.
const OTHER_CONTENT: [&str; 17] = [
    "db.query.parameter",
    "db.query.text",
    "db.statement",
    "document.",
    "embedding.",
    "gen_ai.completion",
    "gen_ai.prompt",
    "llm.completions",
    "llm.input_messages",
    "llm.output_messages",
    "llm.prompt",
    "message.",
    "reranker.",
    "retrieval.documents",
    "tool.parameters",
    "traceloop.entity.input",
    "traceloop.entity.output",
];

/// The role of the content that an attribute holds; `None` for one without content, and for one of an earlier version.
pub fn content_kind(name: &str) -> Option<BodyKind> {
    CONTENT.iter().find(|(content, _)| *content == name).map(|(_, kind)| *kind)
}

/// The attribute that holds content of a role.
pub fn content_name(kind: BodyKind) -> &'static str {
    CONTENT.iter().find(|(_, other)| *other == kind).map_or("input.value", |(name, _)| name)
}

/// Whether an attribute holds content, or a part of it.
pub fn is_content(name: &str) -> bool {
    content_kind(name).is_some() || OTHER_CONTENT.iter().any(|other| name.starts_with(other))
}

/// The name in OTLP of one of our attributes.
pub fn exported(name: &str) -> &str {
    NAMES.iter().find(|(ours, _)| *ours == name).map_or(name, |(_, theirs)| theirs)
}

/// Our name of an attribute of OTLP.
pub fn received(name: &str) -> &str {
    let ours = NAMES.iter().find(|(_, theirs)| *theirs == name).map(|(ours, _)| ours);
    let ours = ours
        .or_else(|| OTHER_NAMES.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| ours));
    ours.copied().unwrap_or(name)
}

/// The attributes that the conventions ask of spans of this name, besides those that the span has.
pub fn constants(span: &str) -> &'static [(&'static str, &'static str)] {
    CONSTANTS.iter().find(|(name, _)| *name == span).map_or(&[], |(_, constants)| constants)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exported_is_received_as_before() {
        for (ours, theirs) in NAMES {
            assert_eq!((exported(ours), received(theirs)), (theirs, ours));
        }
        assert_eq!((exported("own"), received("own")), ("own", "own"));
        assert_eq!(received("gen_ai.response.model"), "model");
        assert_eq!(constants("llm.generate"), [("gen_ai.operation.name", "chat")]);
        assert!(constants("plan").is_empty());
        assert!(is_content("gen_ai.input.messages") && is_content("gen_ai.prompt.0.content"));
        assert!(!is_content("gen_ai.request.model"));
        for (name, kind) in &CONTENT[..5] {
            assert_eq!((content_kind(name), content_name(*kind)), (Some(*kind), *name));
        }
    }
}
