//! The tool `llm:generate`.

use std::{
    collections::HashMap,
    sync::Weak,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures::{FutureExt as _, future::BoxFuture};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, field};

use super::{Completion, GenerateArguments, LlmClient, LlmProvider, Providers, arguments, request};
use crate::{
    event::{Envelope, Event},
    registry,
    runtime::Runtime,
    tool::{ProviderKind, Tool, ToolCall, ToolFailure, ToolFailureKind, ToolResult},
};

/// The tool's name.
pub const NAME: &str = "llm:generate";
/// The headers in which a call says which agent makes it, first the one that the SDK writes.
const CALLER: [&str; 3] = ["x-agent-id", "loom.sender", "sender"];
/// How much earlier than the caller we stop waiting: the failure then says who kept it waiting.
const EARLIER: Duration = Duration::from_millis(50);

/// Carries out `llm:generate`.
#[derive(Debug)]
pub struct Generate {
    providers: Providers,
    client: LlmClient,
    runtime: Weak<Runtime>,
}

impl Generate {
    /// The tool over these providers; pieces of answers are published on `runtime`.
    pub fn new(providers: Providers, client: LlmClient, runtime: Weak<Runtime>) -> Self {
        Self { providers, client, runtime }
    }

    /// How it is offered.
    pub fn tool() -> Tool {
        Tool {
            name: NAME.to_owned(),
            description: "Lets a language model answer a prompt or continue a conversation; gives \
                          {text, model, provider, usage, finish_reason}."
                .to_owned(),
            parameters_schema: arguments::schema().to_string(),
            provider: ProviderKind::Native,
            metadata: HashMap::new(),
        }
    }

    async fn generate(&self, call: &ToolCall) -> ToolResult {
        let invalid = |why| ToolFailure::new(ToolFailureKind::InvalidArguments, why);
        let arguments = GenerateArguments::read(&call.arguments)
            .map_err(|why| invalid(format!("Arguments of {NAME}: {why}")))?;
        let provider = self.choose(call, &arguments)?;
        let document = request::document(provider, &arguments)
            .map_err(|why| invalid(format!("Arguments of {NAME}: {why}")))?;
        let span = Span::current();
        span.record("provider", &*provider.name).record("model", &*document.model);
        let limit = call.timeout();
        let limit = limit.saturating_sub(EARLIER.min(limit / 20));
        let mut pieces = Pieces::new(self, call, arguments.topic);
        let mut tell = |text: &str| pieces.tell(text);
        let done = self.client.complete(provider, &document, limit, &mut tell).await;
        let answer = done.map_err(ToolFailure::from).and_then(|done| output(&done));
        pieces.end(&answer);
        answer
    }

    fn choose(
        &self,
        call: &ToolCall,
        arguments: &GenerateArguments,
    ) -> Result<&LlmProvider, ToolFailure> {
        let said = |name: &&str| call.headers.get(*name).filter(|value| !value.is_empty());
        let agent = CALLER.iter().find_map(said).map(String::as_str);
        self.providers.choose(agent, arguments.provider.as_deref()).map_err(|none| {
            let kind = match none {
                super::providers::NoProvider::Asked { .. } => ToolFailureKind::InvalidArguments,
                _ => ToolFailureKind::Execution,
            };
            ToolFailure::new(kind, none.to_string())
        })
    }
}

impl registry::ToolProvider for Generate {
    fn call(&self, call: ToolCall, _: CancellationToken) -> BoxFuture<'_, ToolResult> {
        let span = tracing::info_span!(
            "llm.generate",
            tool = NAME,
            provider = field::Empty,
            model = field::Empty,
            status = field::Empty,
            error = field::Empty
        );
        async move {
            let answer = self.generate(&call).await;
            note(&answer);
            answer
        }
        .instrument(span)
        .boxed()
    }
}

/// How it ended, in the span of the call. A failure's message stays out: it may hold what was said to the model.
fn note(answer: &ToolResult) {
    let span = Span::current();
    match answer {
        Ok(_) => _ = span.record("status", "ok"),
        Err(failure) => _ = span.record("status", "error").record("error", &*failure.code),
    }
}

fn output(done: &Completion) -> ToolResult {
    serde_json::to_string(done)
        .map_err(|error| ToolFailure::new(ToolFailureKind::Execution, error.to_string()))
}

/// The pieces of one answer on their way to a topic, if there is one. Whoever listens there hears an end in any case.
struct Pieces<'a> {
    runtime: &'a Weak<Runtime>,
    call: &'a ToolCall,
    topic: Option<String>,
    told: usize,
}

impl<'a> Pieces<'a> {
    fn new(tool: &'a Generate, call: &'a ToolCall, topic: Option<String>) -> Self {
        Self { runtime: &tool.runtime, call, topic, told: 0 }
    }

    fn tell(&mut self, text: &str) {
        let index = self.told;
        self.publish("llm.delta", || {
            json!({"call_id": self.call.id, "index": index, "text": text}).to_string()
        });
        self.told += 1;
    }

    fn end(&mut self, answer: &ToolResult) {
        match answer {
            Ok(output) => self.publish("llm.done", || output.clone()),
            Err(ToolFailure { code, message, .. }) => self.fail(code, message),
        }
        self.topic = None;
    }

    fn fail(&self, code: &str, message: &str) {
        let said = |value: &str| Value::from(value);
        self.publish("llm.error", || {
            json!({"call_id": self.call.id, "code": said(code), "message": said(message)})
                .to_string()
        });
    }

    fn publish(&self, kind: &str, payload: impl FnOnce() -> String) {
        let Some((topic, runtime)) = self.topic.as_ref().zip(self.runtime.upgrade()) else {
            return;
        };
        let call = self.call;
        let mut metadata = HashMap::from([("loom.call_id".to_owned(), call.id.clone())]);
        if !call.correlation_id.is_empty() {
            metadata.insert("loom.correlation_id".to_owned(), call.correlation_id.clone());
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let event = Event {
            id: format!("{}.{}", call.id, self.told),
            kind: kind.to_owned(),
            timestamp_ms: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
            source: NAME.to_owned(),
            metadata,
            payload: payload().into(),
            ..Event::default()
        };
        runtime.publish(Envelope::new(topic.clone(), "", event));
    }
}

impl Drop for Pieces<'_> {
    fn drop(&mut self) {
        self.fail("CANCELLED", "nobody waits for the answer any more");
    }
}
