//! Export of spans, metrics and log lines to OpenTelemetry collectors: OTLP over gRPC or HTTP, with or without TLS.
//!
//! | module | provides |
//! |---|---|
//! | [`error`] | why nothing can be exported |
//! | [`health`] | what a collector has accepted |
//! | `certificates` | the files of authorities, certificate and key |
//! | `http_client` | the HTTP client, on the async runtime |
//! | `deadline` | the end of an export that takes too long |
//! | `connection` | the connection to a collector |
//! | `resource` | which server this is |
//! | `messages` | prompts and answers in the form of the conventions |
//! | `captured` | what went into calls and came out of them, until it is exported |
//! | `content` | the content of a call as attributes of its span |
//! | `span_data` | from finished spans to those of the library |
//! | [`spans`] | the export of spans |
//! | [`call_metrics`] | histograms of calls |
//! | [`metrics`] | the export of metrics |
//! | [`logs`] | the export of log lines |
//!
//! Each signal passes through a bounded queue to a thread of its own: a collector that is slow, fails or does not answer
//! costs what is exported, and never time. Batches that are not accepted are tried again up to three times within the
//! timeout, as far as the collector asks for that. The library reads `OTEL_BSP_*`, `OTEL_BLRP_*` and
//! `OTEL_RESOURCE_ATTRIBUTES` as the OpenTelemetry specification defines them.

use std::sync::Arc;

use opentelemetry_sdk::error::OTelSdkResult;

use self::{
    connection::OtlpConnection, deadline::SHUTDOWN_TIMEOUT, logs::LogExport, metrics::MetricExport,
    spans::SpanExport,
};
use crate::settings::{OtlpSettings, OtlpTarget};

pub mod call_metrics;
mod captured;
mod certificates;
mod connection;
mod content;
mod deadline;
pub mod error;
pub mod health;
mod http_client;
pub mod logs;
mod messages;
pub mod metrics;
mod resource;
mod span_data;
pub mod spans;

pub use error::OtlpError;
pub use health::ExportHealth;

/// The export of what the settings say. Clones share it.
#[derive(Debug, Clone)]
pub struct OtlpExport {
    /// The export of finished spans.
    pub spans: Option<SpanExport>,
    /// The export of metrics.
    pub metrics: Option<MetricExport>,
    /// The export of log lines.
    pub logs: Option<LogExport>,
}

impl OtlpExport {
    /// Prepares the export. To be called within the async runtime. The collectors need not be reachable yet.
    ///
    /// # Errors
    /// If an address or a certificate is invalid, or a file cannot be read.
    pub fn new(settings: &OtlpSettings, project: Option<&str>) -> Result<Self, OtlpError> {
        let resource = resource::of_server(&settings.service_name, project);
        let (traces, metrics, logs) =
            (connect(&settings.traces)?, connect(&settings.metrics)?, connect(&settings.logs)?);
        let interval = settings.metric_interval;
        let capture = settings.capture_content;
        Ok(Self {
            spans: traces.map(|to| SpanExport::new(to, &resource, capture)).transpose()?,
            metrics: metrics.map(|to| MetricExport::new(to, &resource, interval)).transpose()?,
            logs: logs.map(|to| LogExport::new(to, &resource)).transpose()?,
        })
    }

    /// How the export of each signal goes.
    pub fn health(&self) -> Vec<Arc<ExportHealth>> {
        let spans = self.spans.as_ref().map(|spans| Arc::clone(&spans.health));
        let metrics = self.metrics.as_ref().map(|metrics| Arc::clone(&metrics.health));
        let logs = self.logs.as_ref().map(|logs| Arc::clone(&logs.health));
        [spans, metrics, logs].into_iter().flatten().collect()
    }

    /// Exports what is queued, for at most one second, and ends the export.
    pub async fn shut_down(self) {
        let Self { spans, metrics, logs } = self;
        let ended = async {
            tokio::join!(
                finish(spans.map(|spans| move || spans.shut_down())),
                finish(metrics.map(|metrics| move || metrics.shut_down())),
                finish(logs.map(|logs| move || logs.shut_down())),
            )
        };
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, ended).await.is_err() {
            tracing::debug!("the last spans, metrics and log lines were not exported");
        }
    }
}

fn connect(target: &Option<OtlpTarget>) -> Result<Option<OtlpConnection<'_>>, OtlpError> {
    target.as_ref().map(OtlpConnection::prepare).transpose()
}

/// Waits for the end of an export on a thread that may wait.
async fn finish(export: Option<impl FnOnce() -> OTelSdkResult + Send + 'static>) {
    let Some(export) = export else { return };
    if let Ok(Err(error)) = tokio::task::spawn_blocking(export).await {
        tracing::debug!(%error, "the last of an export was not accepted");
    }
}
