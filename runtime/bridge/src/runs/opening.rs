//! The history of a server, as its settings say.

use loom_base::error_chain;
use loom_history::{History, HistoryError, HistorySettings};

use crate::settings::{HistoryChoice, HistoryPlan};

/// Opens the history; `None` where it is off. Where the file cannot be used, the history is in memory.
///
/// # Errors
/// Where there is no room for a history in memory either.
pub fn open(plan: &HistoryPlan, rows_per_second: u32) -> Result<Option<History>, HistoryError> {
    let settings = match &plan.choice {
        HistoryChoice::Off => return Ok(None),
        HistoryChoice::Memory => HistorySettings::memory(),
        HistoryChoice::File(path) => HistorySettings::file(path),
    };
    let content = plan.content;
    History::open(HistorySettings { rows_per_second, content, ..settings }).map(Some)
}

/// Logs why a history is in memory instead of its file, or why it begins anew.
pub fn log_fallback(history: &History) {
    if let Some(reason) = history.fallback() {
        let because = error_chain(reason);
        tracing::warn!(because, "the history of runs is kept in memory, or begins anew");
    }
}
