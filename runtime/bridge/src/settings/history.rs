//! Where the history of runs is kept.

use std::path::PathBuf;

use loom_environment::{ContentPolicy, names};

use super::reader::{SettingsError, VariableReader};

/// Where the history of runs is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryChoice {
    /// No history is kept.
    Off,
    /// In memory.
    Memory,
    /// In this file.
    File(PathBuf),
}

/// Where the history is kept, and whether with the content of events and calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPlan {
    /// Where it is kept.
    pub choice: HistoryChoice,
    /// Whether payloads, arguments, results and messages are kept and shown.
    pub content: bool,
}

/// Reads the choice. Where none is made, a server with a dashboard has a history in memory, and one without has none.
///
/// `is_local` says whether both bridge and dashboard are reached from this machine alone: then content is kept unless it
/// is turned off, since no one else can read it.
pub(super) fn read(
    reader: &VariableReader<'_>,
    has_dashboard: bool,
    is_local: bool,
) -> Result<HistoryPlan, SettingsError> {
    let choice = match reader.raw(names::HISTORY) {
        None if has_dashboard => HistoryChoice::Memory,
        None => HistoryChoice::Off,
        Some(word) if word == "off" => HistoryChoice::Off,
        Some(word) if word == "memory" => HistoryChoice::Memory,
        Some(path) => HistoryChoice::File(path.into()),
    };
    let content = reader.parse::<ContentPolicy>(names::DASHBOARD_CONTENT)?.unwrap_or_default();
    Ok(HistoryPlan { choice, content: content.keeps(is_local) })
}
