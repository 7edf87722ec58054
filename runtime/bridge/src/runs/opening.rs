//! The history of a server, as its settings say.

use loom_base::{ByteSize, error_chain};
use loom_environment::{HistoryChoice, HistorySize};
use loom_history::{History, HistoryError, HistorySettings};

use crate::settings::HistoryPlan;

/// Opens the history; `None` where it is off. Where the file cannot be used, the history is in memory.
///
/// # Errors
/// Where there is no room for a history in memory either.
pub fn open(plan: &HistoryPlan) -> Result<Option<History>, HistoryError> {
    let HistorySize(ByteSize(max_size)) = plan.max_size;
    let settings = match &plan.choice {
        HistoryChoice::Off => return Ok(None),
        HistoryChoice::Memory => HistorySettings::memory(),
        HistoryChoice::File(path) => {
            HistorySettings { bytes: max_size, ..HistorySettings::file(path) }
        }
    };
    History::open(HistorySettings {
        bytes: settings.bytes.min(max_size),
        age: plan.max_age.0,
        rows_per_second: plan.rows_per_second,
        content: plan.content,
        prices: plan.prices.clone(),
        ..settings
    })
    .map(Some)
}

/// Logs why a history is in memory instead of its file, or why it begins anew.
pub fn log_fallback(history: &History) {
    if let Some(reason) = history.fallback() {
        let because = error_chain(reason);
        tracing::warn!(because, "the history of runs is kept in memory, or begins anew");
    }
}
