//! Export of spans to an OpenTelemetry collector: OTLP over gRPC.
//!
//! Spans pass through a bounded queue to a thread of their own: a collector that is slow or unreachable costs spans,
//! and never time. The library reads `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TIMEOUT`, `OTEL_BSP_*` and
//! `OTEL_RESOURCE_ATTRIBUTES` as the OpenTelemetry specification defines them.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use loom_base::redact;
use loom_environment::names;
use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{
        BatchSpanProcessor, SpanData, SpanEvents, SpanExporter, SpanLinks, SpanProcessor as _,
    },
};
use url::Url;

use crate::{
    settings::OtlpEndpoint,
    spans::{AttributeValue, SpanRecord, SpanStatus, conventions},
};

/// How long the export of the last spans may take when the server stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// Why spans cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// The address is invalid.
    #[error("invalid value of {}: expected http://host:port, got {address}", names::OTLP_ENDPOINT)]
    Address {
        /// The address without secrets.
        address: String,
    },
}

/// Exports spans. Clones share the queue.
#[derive(Clone)]
pub struct SpanExport {
    processor: Arc<BatchSpanProcessor>,
    scope: InstrumentationScope,
    /// How many spans were exported.
    pub health: Arc<ExportHealth>,
}

/// How many spans the collector has accepted.
#[derive(Debug, Default)]
pub struct ExportHealth {
    /// Spans that the collector has accepted.
    pub exported: AtomicU64,
    /// Spans that the collector has not accepted.
    pub failed: AtomicU64,
    is_failing: AtomicBool,
    /// The collector's address without secrets.
    address: String,
}

impl SpanExport {
    /// Prepares the export. To be called within the async runtime. The collector need not be reachable yet.
    ///
    /// # Errors
    /// If the address is invalid.
    pub fn new(endpoint: &OtlpEndpoint) -> Result<Self, OtlpError> {
        let address = without_secrets(&endpoint.url);
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_tonic()
            .with_endpoint(&endpoint.url)
            .build()
            // The library's error repeats the address with its secrets.
            .map_err(|_| OtlpError::Address { address: address.clone() })?;
        let health = Arc::new(ExportHealth { address, ..ExportHealth::default() });
        let exporter = MonitoredExporter { inner: exporter, health: Arc::clone(&health) };
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        let resource = Resource::builder()
            .with_service_name(endpoint.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        processor.set_resource(&resource);
        let scope = InstrumentationScope::builder("loom").with_version(env!("CARGO_PKG_VERSION"));
        let scope = scope.with_schema_url(conventions::SCHEMA_URL);
        Ok(Self { processor: Arc::new(processor), scope: scope.build(), health })
    }

    /// Queues a span, or drops it if the queue is full. Never waits.
    pub fn send(&self, record: &SpanRecord) {
        self.processor.on_end(span_data(record, &self.scope));
    }

    /// Exports the queued spans, for at most one second, and ends the export.
    pub async fn shut_down(self) {
        let shut_down = move || self.processor.shutdown_with_timeout(SHUTDOWN_TIMEOUT);
        if let Ok(Err(error)) = tokio::task::spawn_blocking(shut_down).await {
            tracing::debug!(%error, "the last spans were not exported");
        }
    }
}

impl fmt::Debug for SpanExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SpanExport").field(&self.health).finish()
    }
}

impl ExportHealth {
    /// Counts a batch. Logs the first failure, and the first success after failures.
    fn record(&self, count: usize, result: &OTelSdkResult) {
        let count = count as u64;
        match result {
            Ok(()) => {
                self.exported.fetch_add(count, Ordering::Relaxed);
                if self.is_failing.swap(false, Ordering::Relaxed) {
                    tracing::info!(collector = self.address, "spans are exported again");
                }
            }
            Err(error) => {
                self.failed.fetch_add(count, Ordering::Relaxed);
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(collector = self.address, %error, "spans are not exported; retrying");
                }
            }
        }
    }
}

/// An exporter that records the result of every batch.
#[derive(Debug)]
struct MonitoredExporter {
    inner: opentelemetry_otlp::SpanExporter,
    health: Arc<ExportHealth>,
}

impl SpanExporter for MonitoredExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let result = self.inner.export(batch).await;
        self.health.record(count, &result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

fn span_data(record: &SpanRecord, scope: &InstrumentationScope) -> SpanData {
    let own = record.attributes.iter().map(|(key, value)| attribute(key, value));
    let constants = conventions::constants(&record.name).iter();
    let constants = constants.map(|(key, value)| KeyValue::new(*key, *value));
    SpanData {
        span_context: SpanContext::new(
            TraceId::from(record.context.trace_id),
            SpanId::from(record.context.span_id),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        ),
        parent_span_id: record.parent.map_or(SpanId::INVALID, SpanId::from),
        parent_span_is_remote: record.parent_is_remote,
        span_kind: span_kind(&record.name),
        name: record.name.clone(),
        start_time: record.start,
        end_time: record.start + record.duration,
        attributes: own.chain(constants).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: match record.status {
            SpanStatus::Unset => Status::Unset,
            SpanStatus::Ok => Status::Ok,
            SpanStatus::Error => Status::error(record.error.clone().unwrap_or_default()),
        },
        instrumentation_scope: scope.clone(),
    }
}

fn span_kind(name: &str) -> SpanKind {
    match name {
        "event.publish" => SpanKind::Producer,
        "event.deliver" => SpanKind::Consumer,
        "llm.generate" | "mcp.call" => SpanKind::Client,
        "tool.call" => SpanKind::Server,
        _ => SpanKind::Internal,
    }
}

fn attribute(key: &str, value: &AttributeValue) -> KeyValue {
    let key = conventions::exported(key).to_owned();
    match value {
        AttributeValue::Text(text) => KeyValue::new(key, text.clone()),
        AttributeValue::Integer(number) => KeyValue::new(key, *number),
        AttributeValue::Float(number) => KeyValue::new(key, *number),
        AttributeValue::Bool(value) => KeyValue::new(key, *value),
    }
}

/// An address for display: scheme, host and port alone, since the rest may hold secrets.
fn without_secrets(address: &str) -> String {
    match address.parse::<Url>() {
        Ok(url) => redact::origin(&url),
        Err(_) => redact::text(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_secrets() {
        let table = [
            ("http://127.0.0.1:4317", "http://127.0.0.1:4317"),
            ("http://user:secret@collector:4317/path?key=x", "http://collector:4317"),
            ("http://user:secret@[nonsense", "http://***@[nonsense"),
        ];
        for (address, expected) in table {
            assert_eq!(without_secrets(address), expected);
        }
    }
}
