//! The project and the state folder that a command about runtimes works on.

use std::path::PathBuf;

use super::{CommandError, context::Context};
use loom_runtime::{
    config::{self, Disk, Flags},
    launch::Scope,
    state::StateDir,
};

/// The project in which a command was typed, and the state folder of its user.
pub(crate) struct ProjectScope {
    pub(crate) state: StateDir,
    pub(crate) project: PathBuf,
    pub(crate) binary: String,
    /// Whether `--binary` was given.
    is_named: bool,
}

impl ProjectScope {
    /// The scope of a command that needs no configuration. A mistake in the configuration must not keep a user from
    /// stopping a runtime: the project is found as always, but the content of its file does not matter.
    pub(crate) fn of(context: &Context) -> Result<Self, CommandError> {
        let inputs = context.inputs(Flags::default())?;
        let state = config::dirs::state_dir(&inputs)?.value;
        let file = config::project_file(&inputs, &Disk);
        let project = file.as_deref().and_then(|file| file.parent()).unwrap_or(&inputs.cwd);
        let named = context.global.binary.clone();
        let is_named = named.is_some();
        let binary = named.unwrap_or_default().to_string();
        Ok(Self { state, project: project.to_owned(), binary, is_named })
    }

    /// The runtimes of this project, or with `all` those of the user; with `--binary` only those of that program.
    pub(crate) fn scope(&self, all: bool) -> Scope<'_> {
        Scope {
            project: (!all).then_some(self.project.as_path()),
            binary: self.is_named.then_some(self.binary.as_str()),
        }
    }
}
