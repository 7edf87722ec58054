//! The attributes of spans that hold no content: what a secret run keeps of them.
//!
//! Names are those of the dashboard's API and of OpenTelemetry's semantic conventions, by which values are names, ids,
//! kinds or figures. Whatever is not listed may hold what went into the work or came out of it, since agents choose names.

/// The names, sorted.
const NAMES: [&str; 85] = [
    "agent",
    "call_id",
    "code",
    "code.function",
    "code.function.name",
    "code.line.number",
    "code.lineno",
    "code.namespace",
    "conversation",
    "correlation_id",
    "db.collection.name",
    "db.operation.name",
    "db.system",
    "db.system.name",
    "error.type",
    "event_id",
    "exception.type",
    "finish_reason",
    "first_token_ns",
    "gen_ai.agent.id",
    "gen_ai.agent.name",
    "gen_ai.conversation.id",
    "gen_ai.operation.name",
    "gen_ai.output.type",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.id",
    "gen_ai.response.model",
    "gen_ai.system",
    "gen_ai.tool.call.id",
    "gen_ai.tool.name",
    "gen_ai.tool.type",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "http.method",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "http.status_code",
    "input_tokens",
    "llm.model_name",
    "llm.provider",
    "llm.request.type",
    "llm.system",
    "loom.secret",
    "mcp.method.name",
    "mcp.protocol.version",
    "messaging.destination.name",
    "messaging.message.id",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.system",
    "model",
    "network.protocol.name",
    "network.protocol.version",
    "network.transport",
    "openinference.span.kind",
    "otel.scope.name",
    "otel.scope.version",
    "otel.status_code",
    "output_tokens",
    "pattern",
    "provider",
    "replay_of",
    "rpc.grpc.status_code",
    "rpc.method",
    "rpc.service",
    "rpc.system",
    "server",
    "server.address",
    "server.port",
    "service.name",
    "service.namespace",
    "service.version",
    "span.kind",
    "thread.id",
    "thread.name",
    "tool",
    "tools",
    "topic",
    "topics",
    "traceloop.entity.name",
    "traceloop.span.kind",
    "traceloop.workflow.name",
    "url.scheme",
];

/// Whether an attribute of this name never holds content.
pub fn holds_no_content(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_what_is_not_listed_may_hold_content() {
        assert!(NAMES.is_sorted());
        for (name, expected) in [
            ("agent", true),
            ("error.type", true),
            ("gen_ai.operation.name", true),
            ("http.response.status_code", true),
            ("", false),
            ("card", false),
            ("db.query.text", false),
            ("db.statement", false),
            ("exception.message", false),
            ("gen_ai.prompt.0.content", false),
            ("llm.input_messages.0.message.content", false),
            ("otel.status_description", false),
            ("tool.parameters", false),
            ("url.full", false),
        ] {
            assert_eq!(holds_no_content(name), expected, "{name}");
        }
    }
}
