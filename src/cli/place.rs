//! Which runtimes a command is about: those of the project it was typed in.

use std::path::PathBuf;

use super::{CommandError, Exit, context::Context};
use loom_runtime::{
    config::{self, Flags},
    launch::{LaunchError, Scope},
};

/// Where state is kept, and whose runtimes are meant.
pub(crate) struct ProjectScope {
    pub(crate) state: PathBuf,
    pub(crate) project: PathBuf,
    pub(crate) binary: String,
}

impl ProjectScope {
    /// The place of a command that only speaks to runtimes. No mistake in a configuration keeps anybody from ending
    /// what runs: only the folder of the nearest `loom.toml` counts.
    pub(crate) fn of(context: &Context) -> Result<Self, CommandError> {
        let inputs = context.inputs(Flags::default())?;
        let state = config::dirs::state_dir(&inputs)?.value.path().to_owned();
        let named = context.global.config.as_ref().map(|file| inputs.cwd.join(file));
        let file = named.or_else(|| {
            inputs.cwd.ancestors().map(|at| at.join("loom.toml")).find(|file| file.is_file())
        });
        let project = file.as_deref().and_then(|file| file.parent()).unwrap_or(&inputs.cwd);
        let binary = context.global.binary.clone().unwrap_or_default().to_string();
        Ok(Self { state, project: project.to_owned(), binary })
    }

    /// This project's runtimes, or with `all` the user's.
    pub(crate) fn whose(&self, all: bool) -> Scope<'_> {
        if all { Scope::All } else { Scope::Project(&self.project) }
    }
}

/// A failure of a runtime, as the command line tells it.
pub(crate) fn launch_failed(error: &LaunchError) -> CommandError {
    let mut failure = CommandError::of(Exit::Failure, error).maybe_hint(error.hint());
    // Never 0: what was wanted did not come about.
    failure.code = u8::try_from(error.exit_code()).unwrap_or(1).max(1);
    failure.kind = error.kind();
    if !error.log_tail().is_empty() {
        failure.chain.push(format!("its log ends with\n{}", error.log_tail().join("\n")));
    }
    failure
}
