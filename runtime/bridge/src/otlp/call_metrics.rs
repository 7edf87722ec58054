//! Histograms of calls, recorded when their spans end.

use opentelemetry::{
    KeyValue,
    metrics::{Histogram, Meter},
};

use crate::spans::{AttributeValue, SpanRecord, SpanStatus, conventions};

/// Bounds of `gen_ai.client.operation.duration`, as the conventions advise.
const MODEL_SECONDS: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Bounds of `gen_ai.client.token.usage`, as the conventions advise.
const TOKENS: [f64; 14] = [
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0,
    16777216.0, 67108864.0,
];
/// Bounds of `mcp.client.operation.duration`, as the conventions advise, and of other calls of tools.
const CALL_SECONDS: [f64; 14] =
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// Histograms of calls of tools, language models and MCP servers. Clones share them. The library keeps at most 2000 sets
/// of attributes of each.
#[derive(Debug, Clone)]
pub struct CallMetrics {
    tokens: Histogram<u64>,
    model_calls: Histogram<f64>,
    mcp_calls: Histogram<f64>,
    tool_calls: Histogram<f64>,
}

impl CallMetrics {
    pub(super) fn new(meter: &Meter) -> Self {
        let seconds = |name: &'static str, bounds: &[f64], description: &'static str| {
            let histogram = meter.f64_histogram(name).with_unit("s");
            histogram.with_boundaries(bounds.to_vec()).with_description(description).build()
        };
        let model = "Duration of requests to language models.";
        let mcp = "Duration of requests to MCP servers.";
        Self {
            tokens: meter
                .u64_histogram("gen_ai.client.token.usage")
                .with_unit("{token}")
                .with_description("Tokens of prompts and answers.")
                .with_boundaries(TOKENS.to_vec())
                .build(),
            model_calls: seconds("gen_ai.client.operation.duration", &MODEL_SECONDS, model),
            mcp_calls: seconds("mcp.client.operation.duration", &CALL_SECONDS, mcp),
            tool_calls: seconds(
                "loom.tool.call.duration",
                &CALL_SECONDS,
                "Duration of tool calls.",
            ),
        }
    }

    /// Records the end of a span of this server.
    pub fn record(&self, span: &SpanRecord) {
        let seconds = span.duration.as_secs_f64();
        match &*span.name {
            "llm.generate" => {
                let labels = labels(span, &["provider", "model"]);
                for (key, kind) in [("input_tokens", "input"), ("output_tokens", "output")] {
                    if let Some(AttributeValue::Integer(tokens)) = attribute(span, key) {
                        let kind = KeyValue::new("gen_ai.token.type", kind);
                        let labels: Vec<_> = labels.iter().cloned().chain([kind]).collect();
                        self.tokens.record(u64::try_from(*tokens).unwrap_or_default(), &labels);
                    }
                }
                self.model_calls.record(seconds, &with_error(span, labels));
            }
            "mcp.call" => {
                self.mcp_calls
                    .record(seconds, &with_error(span, labels(span, &["tool", "server"])));
            }
            "tool.call" => {
                // The name of a tool that does not exist may be anything.
                let is_unknown =
                    attribute(span, "code").is_some_and(|code| code.to_string() == "NOT_FOUND");
                let keys: &[&str] = if is_unknown { &[] } else { &["tool"] };
                self.tool_calls.record(seconds, &with_error(span, labels(span, keys)));
            }
            _ => {}
        }
    }
}

fn attribute<'s>(span: &'s SpanRecord, key: &str) -> Option<&'s AttributeValue> {
    span.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// The attributes of the span with these keys, and those that the conventions ask of all spans of its name.
fn labels(span: &SpanRecord, keys: &[&str]) -> Vec<KeyValue> {
    let constants = conventions::constants(&span.name).iter();
    let constants = constants.map(|(key, value)| KeyValue::new(*key, *value));
    let own = keys.iter().filter_map(|key| {
        let value = attribute(span, key)?;
        Some(KeyValue::new(conventions::exported(key).to_owned(), value.to_string()))
    });
    constants.chain(own).collect()
}

fn with_error(span: &SpanRecord, mut labels: Vec<KeyValue>) -> Vec<KeyValue> {
    if span.status == SpanStatus::Error {
        let code = attribute(span, "code").map(ToString::to_string);
        // Spans of models and MCP servers have the code of the failure as their error.
        let code = code.or_else(|| span.error.clone()).unwrap_or_else(|| "_OTHER".to_owned());
        labels.push(KeyValue::new("error.type", code));
    }
    labels
}
