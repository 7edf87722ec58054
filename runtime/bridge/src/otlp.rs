//! Spans on their way to a collector: OTLP over gRPC.
//!
//! A bounded queue and a thread of its own stand between the runtime and the collector: one that is slow or dead costs
//! spans, never time. What the standard says of `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_TIMEOUT`,
//! `OTEL_BSP_*` and `OTEL_RESOURCE_ATTRIBUTES` is read by the library.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, SpanKind, Status as Outcome, TraceState},
};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{
        BatchSpanProcessor, SpanData, SpanEvents, SpanExporter, SpanLinks, SpanProcessor as _,
    },
};

use crate::{
    settings::OtlpEndpoint,
    spans::{AttributeValue, SpanRecord, SpanStatus},
};

/// How long the last spans may take when the server stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// The collector cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OtlpError {
    /// The address makes no sense.
    #[error(
        "OTEL_EXPORTER_OTLP_ENDPOINT: spans cannot be exported to {endpoint}: say http://host:port"
    )]
    Build {
        /// Without what may be secret in it.
        endpoint: String,
    },
}

/// Sends spans on; clones share it.
#[derive(Clone)]
pub struct Export {
    processor: Arc<BatchSpanProcessor>,
    scope: InstrumentationScope,
    /// How it goes.
    pub health: Arc<Health>,
}

/// How the export goes.
#[derive(Debug, Default)]
pub struct Health {
    /// Spans that the collector took.
    pub exported: AtomicU64,
    /// Spans that it did not take.
    pub failed: AtomicU64,
    failing: AtomicBool,
    endpoint: String,
}

impl Export {
    /// Prepares it; call it inside of the async runtime. The collector need not be there yet.
    pub fn new(settings: &OtlpEndpoint) -> Result<Self, OtlpError> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_tonic()
            .with_endpoint(&settings.endpoint)
            .build()
            // The library's own words repeat the address, secrets and all.
            .map_err(|_| OtlpError::Build { endpoint: shown(&settings.endpoint) })?;
        let endpoint = shown(&settings.endpoint);
        let health = Arc::new(Health { endpoint, ..Health::default() });
        let watched = Watched { inner: exporter, health: Arc::clone(&health) };
        let mut processor = BatchSpanProcessor::builder(watched).build();
        let resource = Resource::builder()
            .with_service_name(settings.service.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        processor.set_resource(&resource);
        let scope = InstrumentationScope::builder("loom").with_version(env!("CARGO_PKG_VERSION"));
        Ok(Self { processor: Arc::new(processor), scope: scope.build(), health })
    }

    /// Queues a span, or drops it if the queue is full; never waits.
    pub fn send(&self, record: &SpanRecord) {
        self.processor.on_end(data(record, &self.scope));
    }

    /// Sends what is still queued, for a moment.
    pub async fn finish(self) {
        let last = move || self.processor.shutdown_with_timeout(FAREWELL);
        if let Ok(Err(error)) = tokio::task::spawn_blocking(last).await {
            tracing::debug!(%error, "the last spans were not exported");
        }
    }
}

impl fmt::Debug for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Export").field(&self.health).finish()
    }
}

impl Health {
    fn note(&self, count: usize, result: &OTelSdkResult) {
        let count = count as u64;
        match result {
            Ok(()) => {
                self.exported.fetch_add(count, Ordering::Relaxed);
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!(collector = self.endpoint, "spans are exported again");
                }
            }
            Err(error) => {
                self.failed.fetch_add(count, Ordering::Relaxed);
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(collector = self.endpoint, %error, "spans are not exported; trying on");
                }
            }
        }
    }
}

/// Tells once when the collector goes away, and once when it is back.
#[derive(Debug)]
struct Watched {
    inner: opentelemetry_otlp::SpanExporter,
    health: Arc<Health>,
}

impl SpanExporter for Watched {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let result = self.inner.export(batch).await;
        self.health.note(count, &result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

fn data(record: &SpanRecord, scope: &InstrumentationScope) -> SpanData {
    let attributes = record.attributes.iter().map(|(key, value)| attribute(key, value));
    SpanData {
        span_context: SpanContext::new(
            TraceId::from(record.context.trace),
            SpanId::from(record.context.span),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        ),
        parent_span_id: record.parent.map_or(SpanId::INVALID, SpanId::from),
        parent_span_is_remote: record.parent_is_remote,
        span_kind: kind(record.name),
        name: record.name.into(),
        start_time: record.start,
        end_time: record.start + record.duration,
        attributes: attributes.collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: match record.status {
            SpanStatus::Unset => Outcome::Unset,
            SpanStatus::Ok => Outcome::Ok,
            SpanStatus::Error => Outcome::error(record.error.clone().unwrap_or_default()),
        },
        instrumentation_scope: scope.clone(),
    }
}

fn kind(name: &str) -> SpanKind {
    match name {
        "event.publish" => SpanKind::Producer,
        "event.deliver" => SpanKind::Consumer,
        "llm.generate" | "mcp.call" => SpanKind::Client,
        "tool.call" => SpanKind::Server,
        _ => SpanKind::Internal,
    }
}

fn attribute(key: &'static str, value: &AttributeValue) -> KeyValue {
    match value {
        AttributeValue::Text(text) => KeyValue::new(key, text.clone()),
        AttributeValue::Number(number) => KeyValue::new(key, *number),
        AttributeValue::Float(number) => KeyValue::new(key, *number),
        AttributeValue::Switch(yes) => KeyValue::new(key, *yes),
    }
}

/// Scheme, host and port: the rest of an address may hold secrets.
fn shown(endpoint: &str) -> String {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("http", endpoint));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_secret, host)| host);
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_secrets() {
        let table = [
            ("http://127.0.0.1:4317", "http://127.0.0.1:4317"),
            ("https://user:secret@collector:4317/path?key=x", "https://collector:4317"),
            ("collector:4317", "http://collector:4317"),
        ];
        for (endpoint, expected) in table {
            assert_eq!(shown(endpoint), expected);
        }
    }
}
