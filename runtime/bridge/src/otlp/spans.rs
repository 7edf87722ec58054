//! The export of spans.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use loom_base::LockExt as _;
use loom_core::CallContent;
use loom_history::{BodyRow, KeyPatterns};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchSpanProcessor, SpanData, SpanProcessor as _},
};

use super::{
    captured::CapturedCalls,
    connection::OtlpConnection,
    content,
    deadline::{ExportDeadline, SHUTDOWN_TIMEOUT},
    error::OtlpError,
    health::ExportHealth,
    resource,
    span_data::span_data,
};
use crate::spans::{SpanRecord, conventions};

/// The name of the span of a call of a tool.
const TOOL_CALL: &str = "tool.call";
/// The name of the span of a request to a language model, within that of the call of the tool.
const MODEL_CALL: &str = "llm.generate";
/// The bytes of content in one request. Collectors take requests of 4 MiB.
const REQUEST_CONTENT: usize = 2 << 20;
/// The spans that wait for the end of the call around them.
const MAX_WAITING: usize = 1024;

/// Exports spans. Clones share the queue.
#[derive(Clone)]
pub struct SpanExport {
    processor: Arc<BatchSpanProcessor>,
    scope: InstrumentationScope,
    captured: Option<Arc<CapturedCalls>>,
    /// Spans of requests to language models, by the span of the call around them: what came out is known at its end.
    waiting: Arc<Mutex<HashMap<u64, SpanData>>>,
    /// How many spans were exported.
    pub health: Arc<ExportHealth>,
}

impl fmt::Debug for SpanExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SpanExport").field(&self.health).finish()
    }
}

impl SpanExport {
    pub(super) fn new(
        to: OtlpConnection<'_>,
        resource: &Resource,
        capture: bool,
    ) -> Result<Self, OtlpError> {
        let exporter = to.build(
            (SpanExporter::builder().with_tonic(), |builder| builder.build()),
            (SpanExporter::builder().with_http(), |builder| builder.build()),
        )?;
        let (health, captured) = (Arc::clone(&to.health), capture.then(Arc::default));
        let exporter = MonitoredSpans {
            inner: exporter,
            health: Arc::clone(&health),
            deadline: to.deadline.clone(),
            captured: captured.clone(),
            patterns: KeyPatterns::default(),
        };
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        processor.set_resource(resource);
        let (processor, scope) = (Arc::new(processor), resource::scope());
        Ok(Self { processor, scope, captured, waiting: Arc::default(), health })
    }

    /// Keeps what went into a call, or came out of it, if content is exported.
    pub fn content(&self, content: &CallContent<'_>) {
        if let Some(captured) = &self.captured {
            captured.keep(content);
        }
    }

    /// A run is secret: nothing of its content is exported from here on.
    pub fn mark_secret(&self, trace_id: u128) {
        if let Some(captured) = &self.captured {
            captured.mark_secret(trace_id);
        }
    }

    /// Queues a span that an agent sent, with its content if content is exported and the run is not secret. Never waits.
    pub fn send_received(&self, record: &SpanRecord, bodies: &[BodyRow]) {
        let mut span = span_data(record, &self.scope);
        let captured = self.captured.as_ref();
        if captured.is_none() {
            span.attributes.retain(|pair| !conventions::is_content(pair.key.as_str()));
        }
        if captured.is_some_and(|captured| !captured.is_secret(record.context.trace_id)) {
            span.attributes.extend(content::of_agent(bodies, &KeyPatterns::default()));
        }
        self.processor.on_end(span);
    }

    /// Queues a span, or drops it if the queue is full. Never waits.
    pub fn send(&self, record: &SpanRecord) {
        let span = span_data(record, &self.scope);
        let Some(captured) = &self.captured else { return self.processor.on_end(span) };
        let mut waiting = self.waiting.locked();
        match (&*record.name, record.parent) {
            (MODEL_CALL, Some(call)) if captured.has(call) && waiting.len() < MAX_WAITING => {
                waiting.insert(call, span);
            }
            (TOOL_CALL, _) => {
                let within = waiting.remove(&record.context.span_id);
                within.into_iter().chain([span]).for_each(|span| self.processor.on_end(span));
            }
            _ => self.processor.on_end(span),
        }
    }

    pub(super) fn shut_down(&self) -> OTelSdkResult {
        self.processor.shutdown_with_timeout(SHUTDOWN_TIMEOUT)
    }
}

/// An exporter that adds the content of calls and records the result of every batch.
#[derive(Debug)]
struct MonitoredSpans {
    inner: SpanExporter,
    health: Arc<ExportHealth>,
    deadline: ExportDeadline,
    captured: Option<Arc<CapturedCalls>>,
    patterns: KeyPatterns,
}

impl MonitoredSpans {
    /// The content of the call that a span covers.
    fn content(&self, captured: &CapturedCalls, span: &SpanData) -> Vec<KeyValue> {
        let span_id = |id: opentelemetry::SpanId| u64::from_be_bytes(id.to_bytes());
        match &*span.name {
            TOOL_CALL => captured
                .take(span_id(span.span_context.span_id()))
                .map(|call| content::of_tool(&call, &self.patterns)),
            MODEL_CALL => captured
                .take(span_id(span.parent_span_id))
                .map(|call| content::of_model(&call, &self.patterns)),
            _ => None,
        }
        .unwrap_or_default()
    }

    async fn export_batch(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let export = opentelemetry_sdk::trace::SpanExporter::export(&self.inner, batch);
        let result = self.deadline.limit(export).await;
        self.health.record(count, &result);
        result
    }
}

impl opentelemetry_sdk::trace::SpanExporter for MonitoredSpans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let Some(captured) = &self.captured else { return self.export_batch(batch).await };
        let (mut request, mut bytes) = (Vec::new(), 0);
        let mut result = Ok(());
        for mut span in batch {
            let content = self.content(captured, &span);
            bytes += content.iter().map(|pair| pair.value.as_str().len()).sum::<usize>();
            span.attributes.extend(content);
            request.push(span);
            if bytes >= REQUEST_CONTENT {
                result = result.and(self.export_batch(std::mem::take(&mut request)).await);
                bytes = 0;
            }
        }
        if request.is_empty() { result } else { result.and(self.export_batch(request).await) }
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
