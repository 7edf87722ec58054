//! What `loom up` says of contents when it first keeps some, and of a history that it cannot keep.

use loom_base::{error_chain, loopback::is_loopback_host};
use loom_environment::{ContentPolicy, HistoryChoice};
use loom_runtime::{config::Resolved, launch};

/// That contents are kept, where nothing in the configuration says so and the project has no history yet: a user is told
/// once.
pub(crate) fn content_note(resolved: &Resolved) -> Option<&'static str> {
    let is_local = resolved.bridge.address.value.is_loopback()
        && is_loopback_host(&resolved.dashboard.host.value);
    let is_on = resolved.dashboard.content.value == ContentPolicy::Auto && is_local;
    (resolved.dashboard.enabled.value && is_on && is_new(resolved)).then_some(
        "runs keep what events and calls contain, for this machine alone; dashboard.content = \"off\" keeps none",
    )
}

/// That the runtime will keep its runs in memory, where what is in the place of its file is no history.
pub(crate) fn history_warning(resolved: &Resolved) -> Option<String> {
    let HistoryChoice::File(file) = choice(resolved) else { return None };
    let obstacle =
        launch::examine_history(&file).err().filter(|_| resolved.dashboard.enabled.value);
    obstacle.map(|obstacle| {
        format!("runs are kept in memory and end with the runtime: {}", error_chain(&obstacle))
    })
}

/// Whether the history has no file yet; false where there is none.
fn is_new(resolved: &Resolved) -> bool {
    match choice(resolved) {
        HistoryChoice::Off => false,
        HistoryChoice::Memory => true,
        HistoryChoice::File(file) => !file.exists(),
    }
}

fn choice(resolved: &Resolved) -> HistoryChoice {
    let (state, project) = (&resolved.state_dir.value, &resolved.project.root);
    let chosen = resolved.history.file.as_ref().map(|file| file.value.clone());
    chosen.unwrap_or_else(|| {
        HistoryChoice::File(launch::history_of(state, project, resolved.binary.value.as_ref()))
    })
}
