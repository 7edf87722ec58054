//! Where a project's history of runs is kept while no runtime runs.

use loom_environment::HistoryChoice;
use loom_runtime::{config::Resolved, launch};

use super::project_scope::ProjectScope;

/// The choice of the configuration; by default the file that `loom up` chooses.
pub(crate) fn kept_history(resolved: &Resolved, project: &ProjectScope) -> HistoryChoice {
    match &resolved.history.file {
        Some(chosen) => chosen.value.clone(),
        None => HistoryChoice::File(launch::history_of(
            &project.state,
            &project.project,
            &project.binary,
        )),
    }
}
