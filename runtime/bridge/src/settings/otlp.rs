//! The endpoint that spans are exported to.

use loom_environment::names;

use super::reader::{SettingsError, VariableReader};

/// An OpenTelemetry collector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpEndpoint {
    /// The collector's URL, with scheme.
    pub url: String,
    /// The name of this server in traces.
    pub service_name: String,
}

/// Reads the endpoint; spans are exported only if one is set. Variables for traces alone take precedence, as the
/// OpenTelemetry specification says.
pub(super) fn read(reader: &VariableReader<'_>) -> Result<Option<OtlpEndpoint>, SettingsError> {
    let for_traces = reader.text(names::OTLP_TRACES_ENDPOINT)?;
    let Some(endpoint) = for_traces.or(reader.text(names::OTLP_ENDPOINT)?) else { return Ok(None) };
    let for_traces = reader.text(names::OTLP_TRACES_PROTOCOL)?;
    let protocol = for_traces.or(reader.text(names::OTLP_PROTOCOL)?).unwrap_or("grpc");
    if protocol != "grpc" {
        let reason = "expected grpc: this server exports spans over gRPC only";
        return Err(SettingsError::secret(names::OTLP_PROTOCOL, reason));
    }
    if endpoint.starts_with("https://") {
        let reason = "expected http://host:port: this server exports spans in plain text only";
        return Err(SettingsError::secret(names::OTLP_ENDPOINT, reason));
    }
    let url =
        if endpoint.contains("://") { endpoint.to_owned() } else { format!("http://{endpoint}") };
    let service_name = reader.text(names::OTEL_SERVICE_NAME)?.unwrap_or("loom-bridge-server");
    Ok(Some(OtlpEndpoint { url, service_name: service_name.to_owned() }))
}
