//! Names of attributes: ours in the dashboard's API, and those of OpenTelemetry's semantic conventions in OTLP.
//!
//! The conventions of messaging, GenAI and MCP as of [`SCHEMA_URL`].

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

/// The attributes that hold prompts, answers, arguments and results: the conventions make them opt-in.
const CONTENT: [&str; 5] = [
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
];
/// Names that earlier versions have for content.
const OTHER_CONTENT: [&str; 2] = ["gen_ai.prompt", "gen_ai.completion"];

/// Whether an attribute holds a prompt, an answer, arguments or a result.
pub fn is_content(name: &str) -> bool {
    CONTENT.contains(&name) || OTHER_CONTENT.iter().any(|other| name.starts_with(other))
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
    }
}
