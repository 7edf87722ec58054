//! What `loom up` says of contents when it first keeps some.

use loom_base::loopback::is_loopback_host;
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

/// Whether the history has no file yet; false where there is none.
fn is_new(resolved: &Resolved) -> bool {
    match resolved.history.file.as_ref().map(|file| &file.value) {
        Some(HistoryChoice::Off) => false,
        Some(HistoryChoice::Memory) => true,
        Some(HistoryChoice::File(file)) => !file.exists(),
        None => {
            let (state, project) = (&resolved.state_dir.value, &resolved.project.root);
            !launch::history_of(state, project, resolved.binary.value.as_ref()).exists()
        }
    }
}
