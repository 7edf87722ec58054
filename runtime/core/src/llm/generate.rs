//! The tool `llm:generate`.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use futures::{FutureExt as _, future::BoxFuture};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, field};

use super::{
    arguments::{self, GenerateArguments},
    chunks::ChunkPublisher,
    client::LlmClient,
    completion::Completion,
    provider::LlmProvider,
    providers::{LlmProviders, NoProvider},
    request::ChatRequest,
};
use crate::{
    runtime::WeakRuntime,
    tool::{ProviderKind, Tool, ToolCall, ToolFailure, ToolFailureKind, ToolResult},
    tool_provider::ToolProvider,
};

/// The tool's name.
pub const NAME: &str = "llm:generate";
/// The headers that name the calling agent, the one that the SDK sets first.
const CALLER_HEADERS: [&str; 3] = ["x-agent-id", "loom.sender", "sender"];
/// How much earlier than the runtime the tool gives up: its own failure names the provider.
const MARGIN: Duration = Duration::from_millis(50);

/// Executes `llm:generate`.
#[derive(Debug)]
pub struct GenerateTool {
    providers: LlmProviders,
    client: LlmClient,
    runtime: WeakRuntime,
}

impl GenerateTool {
    /// The tool with these providers. Chunks of completions are published on `runtime`.
    pub fn new(providers: LlmProviders, client: LlmClient, runtime: WeakRuntime) -> Self {
        Self { providers, client, runtime }
    }

    /// The tool's description, for [`Registry::offer`](crate::Registry::offer).
    pub fn tool() -> Tool {
        Tool {
            name: NAME.to_owned(),
            description:
                "Generates text with a language model from a prompt or a conversation; returns \
                          {text, model, provider, usage, finish_reason}."
                    .to_owned(),
            parameters_schema: arguments::schema().to_string(),
            provider: ProviderKind::Native,
            metadata: HashMap::new(),
        }
    }

    async fn generate(&self, call: &ToolCall) -> ToolResult {
        let invalid = |reason| {
            let message = format!("arguments of {NAME}: {reason}");
            ToolFailure::new(ToolFailureKind::InvalidArguments, message)
        };
        let arguments = GenerateArguments::read(&call.arguments).map_err(invalid)?;
        let provider = self.choose(call, &arguments)?;
        let request = ChatRequest::new(provider, &arguments).map_err(invalid)?;
        let span = Span::current();
        span.record("provider", &*provider.name).record("model", &*request.model);
        let limit = call.timeout();
        let limit = limit.saturating_sub(MARGIN.min(limit / 20));
        let mut publisher = ChunkPublisher::new(&self.runtime, call, NAME, arguments.topic);
        let began = Instant::now();
        let mut has_begun = false;
        let mut on_chunk = |text: &str| {
            if !std::mem::replace(&mut has_begun, true) {
                span.record("first_token_ns", nanoseconds(began.elapsed()));
            }
            publisher.chunk(text);
        };
        let completed = self.client.complete(provider, &request, limit, &mut on_chunk).await;
        if let Ok(completion) = &completed {
            record_completion(&span, completion);
        }
        let result = completed.map_err(ToolFailure::from).and_then(|done| output(&done));
        publisher.finish(&result);
        result
    }

    fn choose(
        &self,
        call: &ToolCall,
        arguments: &GenerateArguments,
    ) -> Result<&LlmProvider, ToolFailure> {
        let header = |name: &&str| call.headers.get(*name).filter(|value| !value.is_empty());
        let agent = CALLER_HEADERS.iter().find_map(header).map(String::as_str);
        self.providers.choose(agent, arguments.provider.as_deref()).map_err(|error| {
            let kind = match error {
                NoProvider::Unknown { .. } => ToolFailureKind::InvalidArguments,
                _ => ToolFailureKind::Execution,
            };
            ToolFailure::new(kind, error.to_string())
        })
    }
}

impl ToolProvider for GenerateTool {
    fn call(&self, call: ToolCall, _: CancellationToken) -> BoxFuture<'_, ToolResult> {
        let span = tracing::info_span!(
            "llm.generate",
            tool = NAME,
            provider = field::Empty,
            model = field::Empty,
            input_tokens = field::Empty,
            output_tokens = field::Empty,
            finish_reason = field::Empty,
            first_token_ns = field::Empty,
            status = field::Empty,
            error = field::Empty
        );
        async move {
            let result = self.generate(&call).await;
            record(&result);
            result
        }
        .instrument(span)
        .boxed()
    }
}

/// Records the result in the span of the call. Of a failure the code alone: its message may repeat the prompt.
fn record(result: &ToolResult) {
    let span = Span::current();
    match result {
        Ok(_) => _ = span.record("status", "ok"),
        Err(failure) => _ = span.record("status", "error").record("error", &*failure.code),
    }
}

/// Records what the provider says about a completion. A provider that streams says it at the end.
fn record_completion(span: &Span, completion: &Completion) {
    span.record("model", &*completion.model);
    let tokens = |key: &str| completion.usage.get(key).and_then(serde_json::Value::as_u64);
    if let Some(tokens) = tokens("prompt_tokens") {
        span.record("input_tokens", tokens);
    }
    if let Some(tokens) = tokens("completion_tokens") {
        span.record("output_tokens", tokens);
    }
    if let Some(reason) = &completion.finish_reason {
        span.record("finish_reason", &**reason);
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn output(completion: &Completion) -> ToolResult {
    serde_json::to_string(completion)
        .map_err(|error| ToolFailure::new(ToolFailureKind::Execution, error.to_string()))
}
