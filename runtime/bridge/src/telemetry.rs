//! Logging and recorded spans, set up for the whole process.

use std::{
    io::{self, IsTerminal as _},
    sync::Arc,
    time::Instant,
};

use loom_environment::{LogFormat, names};
use loom_history::{History, HistoryError};
use tracing_subscriber::{
    Layer, Registry, fmt, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _,
};

use crate::{
    log_filter::{self, LogFilter, LogFilterError},
    log_writer::LogWriter,
    otlp::{OtlpError, SpanExport},
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
    /// What records the spans of events; `None` where nothing reads them.
    pub event_spans: Option<Arc<EventSpans>>,
    /// The history of runs; `None` where it is off.
    pub history: Option<Arc<History>>,
    /// Whether contents of events and calls are kept and shown.
    pub content: bool,
    /// The export of spans, if there is one.
    pub export: Option<SpanExport>,
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
        let invalid = |source| {
            let filter = settings.log_filter.clone();
            TelemetryError::Filter { filter, source }
        };
        let filter = log_filter::parse(&settings.log_filter).map_err(invalid)?;
        let (filter, handle) = reload::Layer::new(filter);
        let export = settings.otlp.as_ref().map(SpanExport::new).transpose()?;
        let spans = Arc::new(SpanStore::default());
        let budget = Arc::new(SpanBudget::new(settings.history.rows_per_second, Instant::now()));
        let history = runs::open(&settings.history)?.map(Arc::new);
        let runs = history.as_ref().map(|history| RunRecorder::new(history.sender()));
        let sink = SpanSink { store: Arc::clone(&spans), export: export.clone(), history: runs };
        let span_layer = SpanLayer::new(sink.clone());
        // Without a reader of spans, events are not linked to traces.
        let is_read = settings.dashboard.is_some() || export.is_some() || history.is_some();
        let event_spans = is_read.then(|| EventSpans::new(sink, &budget).into());
        tracing_subscriber::registry()
            .with(log_lines(settings.log_format, allow_colours).with_filter(filter))
            .with(span_layer.with_filter(RuntimeSpanFilter))
            .try_init()?;
        history.as_deref().into_iter().for_each(runs::log_fallback);
        let log_filter = Arc::new(LogFilter::new(handle, &settings.log_filter));
        let content = settings.history.content;
        Ok(Self { log_filter, spans, budget, event_spans, history, content, export })
    }
}

/// Log lines on standard error.
fn log_lines(format: LogFormat, allow_colours: bool) -> Box<dyn Layer<Registry> + Send + Sync> {
    let colours = format == LogFormat::Text && allow_colours && io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(move || LogWriter::new(io::stderr(), format, colours));
    match format {
        LogFormat::Text => lines.with_ansi(colours).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    }
}
