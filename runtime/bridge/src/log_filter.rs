//! The log filter, which can be changed while the server runs.

use std::sync::Mutex;

use loom_base::LockExt as _;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, Registry, reload};

/// The log filter of the process.
#[derive(Debug)]
pub struct LogFilter {
    /// Each is the filter of one receiver of lines.
    handles: Vec<reload::Handle<EnvFilter, Registry>>,
    current: Mutex<String>,
}

impl LogFilter {
    /// The filter `current`, which is changed through `handles`.
    pub(crate) fn new(handles: Vec<reload::Handle<EnvFilter, Registry>>, current: &str) -> Self {
        Self { handles, current: Mutex::new(current.to_owned()) }
    }

    /// The current filter, in the syntax of `RUST_LOG`.
    pub fn current(&self) -> String {
        self.current.locked().clone()
    }

    /// Replaces the filter until the process ends.
    ///
    /// # Errors
    /// If `filter` is invalid; the old one stays.
    pub fn set(&self, filter: &str) -> Result<(), LogFilterError> {
        parse(filter)?;
        let mut current = self.current.locked();
        for handle in &self.handles {
            handle.reload(parse(filter)?).map_err(|error| LogFilterError(error.to_string()))?;
        }
        filter.trim().clone_into(&mut current);
        tracing::info!(filter = *current, "the log level was changed");
        Ok(())
    }
}

/// A text that is no log filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; expected error, warn, info, debug, trace or off, or targets as in info,loom_core=debug"
)]
pub struct LogFilterError(String);

/// Parses a filter. A word without `=` must be a level: the library would take any other word for a target, and log
/// nothing else.
pub(crate) fn parse(filter: &str) -> Result<EnvFilter, LogFilterError> {
    // The library takes an empty word for the level `error`.
    let is_level = |word: &str| !word.is_empty() && word.parse::<LevelFilter>().is_ok();
    let is_unknown = |word: &&str| !word.contains('=') && !is_level(word);
    if let Some(word) = filter.split(',').map(str::trim).find(|word| is_unknown(word)) {
        return Err(LogFilterError(format!("unknown level {word:?}")));
    }
    EnvFilter::try_new(filter.trim()).map_err(|error| LogFilterError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_targets_are_accepted() {
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
        for (filter, expected) in table {
            assert_eq!(parse(filter).is_ok(), expected, "{filter:?}");
        }
    }
}
