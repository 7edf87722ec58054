//! The export of log lines.

use std::{fmt, sync::Arc, time::Duration};

use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::{SpanId, TraceFlags, TraceId};
use opentelemetry_otlp::LogExporter;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    logs::{LogBatch, SdkLogger, SdkLoggerProvider},
};
use tracing::{Level, Metadata};

use super::{
    connection::OtlpConnection,
    deadline::{ExportDeadline, SHUTDOWN_TIMEOUT},
    error::OtlpError,
    health::ExportHealth,
    resource,
};
use crate::log_line::LogLine;

/// The crates that export, and this module: their lines are not exported, since each export would cause the next one.
const OF_EXPORT: [&str; 9] = [
    "h2",
    "hyper",
    "hyper_util",
    "loom_bridge::otlp",
    "opentelemetry",
    "reqwest",
    "rustls",
    "tonic",
    "tower",
];

/// Exports log lines. Clones share the queue.
#[derive(Clone)]
pub struct LogExport {
    provider: SdkLoggerProvider,
    logger: SdkLogger,
    /// How many lines were exported.
    pub health: Arc<ExportHealth>,
}

impl fmt::Debug for LogExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogExport").field(&self.health).finish()
    }
}

impl LogExport {
    pub(super) fn new(to: OtlpConnection<'_>, resource: &Resource) -> Result<Self, OtlpError> {
        let exporter = to.build(
            (LogExporter::builder().with_tonic(), |builder| builder.build()),
            (LogExporter::builder().with_http(), |builder| builder.build()),
        )?;
        let health = Arc::clone(&to.health);
        let exporter = MonitoredLogs {
            inner: exporter,
            health: Arc::clone(&health),
            deadline: to.deadline.clone(),
        };
        let provider = SdkLoggerProvider::builder()
            .with_resource(resource.clone())
            .with_batch_exporter(exporter)
            .build();
        let logger = provider.logger_with_scope(resource::scope());
        Ok(Self { provider, logger, health })
    }

    /// Whether lines from here are exported: those of the export itself are not.
    pub fn accepts(metadata: &Metadata<'_>) -> bool {
        let target = metadata.target();
        !OF_EXPORT.iter().any(|name| {
            target.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        })
    }

    /// Queues a line, or drops it if the queue is full. Never waits.
    pub fn send(&self, line: LogLine) {
        let mut record = self.logger.create_log_record();
        let (number, text) = severity(line.level);
        record.set_timestamp(line.at);
        record.set_severity_number(number);
        record.set_severity_text(text);
        record.set_target(line.target);
        record.set_body(AnyValue::from(line.message));
        record.add_attributes(line.fields);
        if let Some(context) = line.context {
            let (trace_id, span_id) =
                (TraceId::from(context.trace_id), SpanId::from(context.span_id));
            record.set_trace_context(trace_id, span_id, Some(TraceFlags::SAMPLED));
        }
        self.logger.emit(record);
    }

    pub(super) fn shut_down(&self) -> OTelSdkResult {
        self.provider.shutdown_with_timeout(SHUTDOWN_TIMEOUT)
    }
}

fn severity(level: Level) -> (Severity, &'static str) {
    match level {
        Level::ERROR => (Severity::Error, "ERROR"),
        Level::WARN => (Severity::Warn, "WARN"),
        Level::INFO => (Severity::Info, "INFO"),
        Level::DEBUG => (Severity::Debug, "DEBUG"),
        Level::TRACE => (Severity::Trace, "TRACE"),
    }
}

/// An exporter that records the result of every batch.
#[derive(Debug)]
struct MonitoredLogs {
    inner: LogExporter,
    health: Arc<ExportHealth>,
    deadline: ExportDeadline,
}

impl opentelemetry_sdk::logs::LogExporter for MonitoredLogs {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let count = batch.iter().count();
        let result = self.deadline.limit(self.inner.export(batch)).await;
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
