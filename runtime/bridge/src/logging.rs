//! What is logged, in which form, and how that is changed while the server runs.

use std::{
    io::{self, IsTerminal as _},
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt, layer::SubscriberExt as _, reload,
    util::SubscriberInitExt as _,
};

use crate::{
    otlp::{Export, OtlpError},
    settings::ServerSettings,
    spans::{SpanLayer, SpanStore, budget::SpanBudget, layer::OwnSpans},
};

/// The form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line, for programs.
    Json,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match &*text.to_ascii_lowercase() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("say text or json"),
        }
    }
}

/// Everything that observes the server.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// What is logged.
    pub log: Arc<LogFilter>,
    /// The latest spans.
    pub spans: Arc<SpanStore>,
    /// How many event spans may still be taken.
    pub budget: Arc<SpanBudget>,
    /// Where spans go on to, if anywhere.
    pub export: Option<Export>,
}

/// Telemetry cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter makes no sense.
    #[error("RUST_LOG={0:?}: {1}")]
    Filter(String, NotAFilter),
    /// The collector cannot be used.
    #[error(transparent)]
    Otlp(#[from] OtlpError),
    /// Something else of this process observes it already.
    #[error("could not start logging")]
    Taken(#[from] tracing_subscriber::util::TryInitError),
}

impl Telemetry {
    /// Starts to log and to keep spans, for the whole process; call it inside of the async runtime.
    pub fn start(settings: &ServerSettings, colours: bool) -> Result<Self, TelemetryError> {
        let bad = |why| TelemetryError::Filter(settings.log.clone(), why);
        let (filter, handle) = reload::Layer::new(parse(&settings.log).map_err(bad)?);
        let export = settings.otlp.as_ref().map(Export::new).transpose()?;
        let spans = Arc::new(SpanStore::default());
        let budget = Arc::new(SpanBudget::new(settings.event_spans, Instant::now()));
        let layer = SpanLayer::new(&spans, export.clone());
        tracing_subscriber::registry()
            .with(lines(settings.log_format, colours).with_filter(filter))
            .with(layer.with_filter(OwnSpans(Arc::clone(&budget))))
            .try_init()?;
        let log = Arc::new(LogFilter { handle, current: Mutex::new(settings.log.clone()) });
        Ok(Self { log, spans, budget, export })
    }
}

/// Log lines go to standard error.
fn lines(format: LogFormat, colours: bool) -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(colours && io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

/// What is logged; can be changed while the server runs.
#[derive(Debug)]
pub struct LogFilter {
    handle: reload::Handle<EnvFilter, Registry>,
    current: Mutex<String>,
}

impl LogFilter {
    /// The filter that holds.
    pub fn current(&self) -> String {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets another filter hold from now on.
    pub fn set(&self, filter: &str) -> Result<(), NotAFilter> {
        let new = parse(filter)?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        self.handle.reload(new).map_err(|error| NotAFilter(error.to_string()))?;
        filter.trim().clone_into(&mut current);
        tracing::info!(filter = *current, "the log level was changed");
        Ok(())
    }
}

/// Not a filter, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; say error, warn, info, debug, trace or off, or name targets as in info,loom_core=debug"
)]
pub struct NotAFilter(String);

/// Reads a filter. A lone word must be a level: the library would take any other for a target, and log nothing else.
fn parse(filter: &str) -> Result<EnvFilter, NotAFilter> {
    // The library takes nothing at all for `error`.
    let no_level = |word: &str| word.is_empty() || word.parse::<LevelFilter>().is_err();
    let unknown = |word: &&str| !word.contains('=') && no_level(word);
    if let Some(word) = filter.split(',').map(str::trim).find(|word| unknown(word)) {
        return Err(NotAFilter(format!("{word:?} is no level")));
    }
    EnvFilter::try_new(filter.trim()).map_err(|error| NotAFilter(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let table = [
            ("info", true),
            (" DEBUG ", true),
            ("off", true),
            ("info,loom_core=debug,h2=off", true),
            ("loom=louder", false),
            ("louder", false),
            ("", false),
            ("info,", false),
        ];
        for (filter, fine) in table {
            assert_eq!(parse(filter).is_ok(), fine, "{filter:?}");
        }
    }
}
