//! The runtimes of this user: running, orphaned, or ended unexpectedly.

use loom_runtime::{
    launch::{self, Instance, RuntimeState, Scope},
    state::StateDir,
};

use super::check::DoctorCheck;
use crate::cli::{CommandError, writer_args::counted};

const NAME: &str = "instances";

/// A check of all that run, and one for each that needs attention.
pub(super) fn all(state: &StateDir) -> Vec<DoctorCheck> {
    let scope = Scope::default();
    let found = launch::running(state, scope)
        .and_then(|running| Ok((running, launch::unexpected_ends(state, scope)?)));
    let (running, ended) = match found {
        Ok(found) => found,
        Err(error) => return vec![DoctorCheck::error(NAME, CommandError::from(error))],
    };
    let mut checks: Vec<DoctorCheck> = running.iter().filter_map(orphaned).collect();
    checks.extend(ended.iter().map(|end| {
        let message = format!("{end}, in {}", end.project);
        DoctorCheck::warning(NAME, message)
            .hint("`loom logs` in its project shows why; `loom down` there removes this record")
    }));
    if checks.is_empty() {
        let message = match running.len() {
            0 => "no runtime is running".to_owned(),
            count => format!("{} running", counted(count, "runtime")),
        };
        checks.push(DoctorCheck::ok(NAME, message));
    }
    checks
}

fn orphaned(instance: &Instance) -> Option<DoctorCheck> {
    (instance.state == RuntimeState::Orphaned).then(|| {
        let (binary, version) = (&instance.document.binary, &instance.document.version);
        let project = &instance.project;
        let message =
            format!("{binary} {version} of {project} runs, but its supervisor was killed");
        DoctorCheck::warning(NAME, message)
            .hint("`loom restart` in its project replaces it, `loom down` stops it")
    })
}
