//! What is exported to OpenTelemetry collectors, and where to.

use std::time::Duration;

use loom_environment::{names, otlp_names};

use super::{
    otlp_signal::OtlpSignal,
    otlp_target::OtlpTarget,
    reader::{self, SettingsError, VariableReader},
};

/// What is exported; at least one signal is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpSettings {
    /// The name of this server in what is exported.
    pub service_name: String,
    /// Where finished spans go, if anywhere.
    pub traces: Option<OtlpTarget>,
    /// Where metrics go, if anywhere.
    pub metrics: Option<OtlpTarget>,
    /// Where lines of the log go, if anywhere.
    pub logs: Option<OtlpTarget>,
    /// The time between two exports of metrics.
    pub metric_interval: Duration,
    /// Whether spans carry prompts, answers, arguments and results.
    pub capture_content: bool,
}

/// The default time between two exports of metrics, as the specification says.
const METRIC_INTERVAL: Duration = Duration::from_secs(60);

/// Reads what is exported; nothing is where no endpoint is set.
pub(super) fn read(reader: &VariableReader<'_>) -> Result<Option<OtlpSettings>, SettingsError> {
    if reader.switch(otlp_names::SDK_DISABLED)? {
        return Ok(None);
    }
    let traces = OtlpTarget::read(reader, OtlpSignal::Traces)?;
    let metrics = OtlpTarget::read(reader, OtlpSignal::Metrics)?;
    let logs = OtlpTarget::read(reader, OtlpSignal::Logs)?;
    if traces.is_none() && metrics.is_none() && logs.is_none() {
        return Ok(None);
    }
    let variable = otlp_names::METRIC_EXPORT_INTERVAL;
    let interval =
        reader.text(variable)?.map(|text| reader::milliseconds(variable, text)).transpose()?;
    let service_name = reader.text(names::OTEL_SERVICE_NAME)?.unwrap_or("loom-bridge-server");
    Ok(Some(OtlpSettings {
        service_name: service_name.to_owned(),
        traces,
        metrics,
        logs,
        metric_interval: interval.unwrap_or(METRIC_INTERVAL),
        capture_content: reader.switch(otlp_names::CAPTURE_CONTENT)?,
    }))
}
