//! What is exported: traces, metrics or logs.

use loom_environment::otlp_names::{self, OtlpNames};

/// A kind of telemetry, as OpenTelemetry divides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpSignal {
    /// Finished spans.
    Traces,
    /// Counters, gauges and histograms.
    Metrics,
    /// Lines of the server's log.
    Logs,
}

impl OtlpSignal {
    /// The names of the variables for this signal alone.
    pub fn names(self) -> &'static OtlpNames {
        match self {
            Self::Traces => &otlp_names::TRACES,
            Self::Metrics => &otlp_names::METRICS,
            Self::Logs => &otlp_names::LOGS,
        }
    }

    /// The name of the variable that chooses the exporter.
    pub fn exporter(self) -> &'static str {
        match self {
            Self::Traces => otlp_names::TRACES_EXPORTER,
            Self::Metrics => otlp_names::METRICS_EXPORTER,
            Self::Logs => otlp_names::LOGS_EXPORTER,
        }
    }

    /// The path of OTLP over HTTP, which follows the path of the common endpoint.
    pub fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
            Self::Logs => "v1/logs",
        }
    }

    /// What is exported, in messages and in the dashboard's API: `spans`, `metrics` or `logs`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }
}
