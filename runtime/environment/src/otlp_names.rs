//! The names of the variables of OpenTelemetry's specification that the server reads. The variable of one signal takes
//! precedence over the common one.

/// The variables of an exporter: the common ones, or those of one signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtlpNames {
    /// URL of the collector.
    pub endpoint: &'static str,
    /// `grpc` or `http/protobuf`.
    pub protocol: &'static str,
    /// Headers of each request: `name=value,name=value`, values percent-encoded.
    pub headers: &'static str,
    /// Upper limit of one export, in milliseconds.
    pub timeout: &'static str,
    /// PEM file of the authorities that the collector's certificate is verified by.
    pub certificate: &'static str,
    /// PEM file of the certificate chain that the server shows.
    pub client_certificate: &'static str,
    /// PEM file of the private key of that certificate.
    pub client_key: &'static str,
}

macro_rules! otlp_names {
    ($prefix:literal) => {
        OtlpNames {
            endpoint: concat!($prefix, "_ENDPOINT"),
            protocol: concat!($prefix, "_PROTOCOL"),
            headers: concat!($prefix, "_HEADERS"),
            timeout: concat!($prefix, "_TIMEOUT"),
            certificate: concat!($prefix, "_CERTIFICATE"),
            client_certificate: concat!($prefix, "_CLIENT_CERTIFICATE"),
            client_key: concat!($prefix, "_CLIENT_KEY"),
        }
    };
}

/// The variables for all signals.
pub const COMMON: OtlpNames = otlp_names!("OTEL_EXPORTER_OTLP");
/// The variables for traces alone.
pub const TRACES: OtlpNames = otlp_names!("OTEL_EXPORTER_OTLP_TRACES");
/// The variables for metrics alone.
pub const METRICS: OtlpNames = otlp_names!("OTEL_EXPORTER_OTLP_METRICS");
/// The variables for logs alone.
pub const LOGS: OtlpNames = otlp_names!("OTEL_EXPORTER_OTLP_LOGS");

/// `none` turns the export of traces off.
pub const TRACES_EXPORTER: &str = "OTEL_TRACES_EXPORTER";
/// `none` turns the export of metrics off.
pub const METRICS_EXPORTER: &str = "OTEL_METRICS_EXPORTER";
/// `none` turns the export of logs off.
pub const LOGS_EXPORTER: &str = "OTEL_LOGS_EXPORTER";
/// [`Switch`](crate::Switch): export nothing.
pub const SDK_DISABLED: &str = "OTEL_SDK_DISABLED";
/// Time between two exports of metrics, in milliseconds.
pub const METRIC_EXPORT_INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
/// [`Switch`](crate::Switch): export the content of calls with their spans.
pub const CAPTURE_CONTENT: &str = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_specification() {
        assert_eq!(COMMON.endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT");
        assert_eq!(TRACES.client_key, "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY");
        assert_eq!(METRICS.protocol, "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL");
        assert_eq!(LOGS.client_certificate, "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE");
    }
}
