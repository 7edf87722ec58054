//! Logging and recorded spans, set up for the whole process.

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
    time::Instant,
};

use loom_environment::{LogFormat, names};
use loom_history::{History, HistoryError};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::FilterExt as _, fmt, layer::SubscriberExt as _, reload,
    util::SubscriberInitExt as _,
};

use crate::{
    log_filter::{self, LogFilter, LogFilterError},
    log_lines::{self, LogLineLayer, LogLineSink},
    log_writer::LogWriter,
    otlp::{OtlpError, OtlpExport},
    runs::{self, RunRecorder},
    settings::ServerSettings,
    spans::{EventSpans, RuntimeSpanFilter, SpanBudget, SpanLayer, SpanSink, SpanStore},
};

/// The log filter and the recorded spans of the process.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// The log filter.
    pub log_filter: Arc<LogFilter>,
    /// The latest spans.
    pub spans: Arc<SpanStore>,
    /// The budget of event spans.
    pub budget: Arc<SpanBudget>,
    /// The budget of log lines that the history gets.
    pub log_lines: Arc<SpanBudget>,
    /// What records the spans of events; `None` where nothing reads them.
    pub event_spans: Option<Arc<EventSpans>>,
    /// The history of runs; `None` where it is off.
    pub history: Option<Arc<History>>,
    /// Whether contents of events and calls are kept and shown.
    pub content: bool,
    /// The export to collectors, if there is one.
    pub export: Option<OtlpExport>,
}

/// Why telemetry cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log filter is invalid.
    #[error("invalid value of {}: {filter:?}", names::RUST_LOG)]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        source: LogFilterError,
    },
    /// The collector cannot be used.
    #[error(transparent)]
    Otlp(#[from] OtlpError),
    /// There is no room for a history in memory.
    #[error("could not begin the history of runs")]
    History(#[from] HistoryError),
    /// The process has a subscriber already.
    #[error("could not start logging")]
    Subscriber(#[from] tracing_subscriber::util::TryInitError),
}

impl Telemetry {
    /// Starts to log and to record spans, for the whole process. To be called within the async runtime, and once.
    ///
    /// # Errors
    /// If the log filter or the collector's address is invalid, or the process has a subscriber already.
    pub fn start(settings: &ServerSettings, allow_colours: bool) -> Result<Self, TelemetryError> {
        let (for_lines, lines_handle) = filter(settings)?;
        let mut handles = vec![lines_handle];
        let project = settings.project.as_deref();
        let export = settings.otlp.as_ref().map(|otlp| OtlpExport::new(otlp, project));
        let export = export.transpose()?;
        let spans = Arc::new(SpanStore::default());
        let budget = Arc::new(SpanBudget::new(settings.history.rows_per_second, Instant::now()));
        let log_lines = Arc::new(log_lines::budget(Instant::now()));
        let history = runs::open(&settings.history)?.map(Arc::new);
        let runs = history.as_ref().map(|history| RunRecorder::new(history.sender()));
        let of_spans = export.as_ref().and_then(|export| export.spans.clone());
        let calls = export.as_ref().and_then(|export| export.metrics.as_ref());
        let calls = calls.map(|metrics| metrics.calls.clone());
        let content = settings.history.content;
        let (store, export_spans) = (Arc::clone(&spans), of_spans.clone());
        let sink = SpanSink { store, export: export_spans, history: runs, content };
        let span_layer = SpanLayer::new(sink.clone(), calls);
        // Without a reader of spans, events are not linked to traces.
        let is_read = settings.dashboard.is_some() || of_spans.is_some() || history.is_some();
        let event_spans = is_read.then(|| EventSpans::new(sink, &budget).into());
        let lines = standard_error(settings.log_format, allow_colours).with_filter(for_lines);
        let mut layers = vec![lines.boxed(), span_layer.with_filter(RuntimeSpanFilter).boxed()];
        if let Some(logs) = export.as_ref().and_then(|export| export.logs.clone()) {
            let lines = LogLineLayer::new(LogLineSink::Export(logs));
            let (for_export, handle) = filter(settings)?;
            handles.push(handle);
            // With the spans, so that a line knows its run.
            layers.push(lines.with_filter(RuntimeSpanFilter.or(for_export)).boxed());
        }
        if let Some(history) = &history {
            let sink = LogLineSink::History(history.sender(), Arc::clone(&log_lines));
            let lines = LogLineLayer::new(sink);
            let filter = RuntimeSpanFilter.or(log_lines::for_history());
            layers.push(lines.with_filter(filter).boxed());
        }
        tracing_subscriber::registry().with(layers).try_init()?;
        history.as_deref().into_iter().for_each(runs::log_fallback);
        let log_filter = Arc::new(LogFilter::new(handles, &settings.log_filter));
        Ok(Self { log_filter, spans, budget, log_lines, event_spans, history, content, export })
    }
}

type FilterHandle = reload::Handle<EnvFilter, Registry>;

/// The log filter of the settings, and the handle that changes it.
fn filter(
    settings: &ServerSettings,
) -> Result<(reload::Layer<EnvFilter, Registry>, FilterHandle), TelemetryError> {
    let invalid = |source| {
        let filter = settings.log_filter.clone();
        TelemetryError::Filter { filter, source }
    };
    log_filter::parse(&settings.log_filter).map(reload::Layer::new).map_err(invalid)
}

/// Log lines on standard error.
fn standard_error(
    format: LogFormat,
    allow_colours: bool,
) -> Box<dyn Layer<Registry> + Send + Sync> {
    let colours = format == LogFormat::Text && allow_colours && io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(move || LogWriter::new(io::stderr(), format, colours));
    match format {
        LogFormat::Text => lines.with_ansi(colours).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    }
}
