//! Which runtimes a command is about: those of the project it was typed in.

use std::path::PathBuf;

use super::{Exit, Failure, context::Context};
use crate::{
    config::{self, ConfigError, Disk, Env, Flags, Inputs, Os, Resolved, Trusted},
    launch::{LaunchError, Whose},
};

/// Where state is kept, and whose runtimes are meant.
pub(crate) struct Place {
    pub(crate) state: PathBuf,
    pub(crate) project: PathBuf,
    pub(crate) binary: String,
}

impl Place {
    /// The place of a command that only speaks to runtimes. No mistake in a configuration keeps anybody from ending
    /// what runs: only the folder of the nearest `loom.toml` counts.
    pub(crate) fn of(context: &Context) -> Result<Self, Failure> {
        let inputs = inputs(context, Flags::default())?;
        let state = config::dirs::state_dir(&inputs).map_err(misconfigured)?.value;
        let named = context.global.config.as_ref().map(|file| inputs.cwd.join(file));
        let file = named.or_else(|| {
            inputs.cwd.ancestors().map(|at| at.join("loom.toml")).find(|file| file.is_file())
        });
        let project = file.as_deref().and_then(|file| file.parent()).unwrap_or(&inputs.cwd);
        let binary = context.global.binary.clone().unwrap_or_default().to_string();
        Ok(Self { state, project: project.to_owned(), binary })
    }

    /// This project's runtimes, or with `all` the user's.
    pub(crate) fn whose(&self, all: bool) -> Whose<'_> {
        if all { Whose::All } else { Whose::Project(&self.project) }
    }
}

/// What the configuration depends on.
pub(crate) fn inputs(context: &Context, flags: Flags) -> Result<Inputs, Failure> {
    let global = &context.global;
    let flags = Flags {
        offline: global.offline,
        binary: global.binary.clone(),
        cache_dir: global.cache_dir.clone(),
        config: global.config.clone(),
        ..flags
    };
    let mut inputs = Inputs {
        env: Env::new(std::env::vars_os()),
        home: context.home(),
        os: Os::current(),
        cwd: context.cwd()?,
        flags,
        trusted: Trusted::default(),
    };
    let state = config::dirs::state_dir(&inputs).map_err(misconfigured)?.value;
    inputs.trusted = Trusted::load(&state).map_err(misconfigured)?;
    Ok(inputs)
}

/// The configuration that holds.
pub(crate) fn resolved(context: &Context, flags: Flags) -> Result<Resolved, Failure> {
    let resolved = config::resolve(&inputs(context, flags)?, &Disk).map_err(misconfigured)?;
    for warning in &resolved.warnings {
        context.printer.warning(warning.to_string());
    }
    Ok(resolved)
}

fn misconfigured(error: ConfigError) -> Failure {
    Failure::of(Exit::Usage, &error).maybe_hint(error.hint())
}

/// A failure of a runtime, as the command line tells it.
pub(crate) fn launch_failed(error: &LaunchError) -> Failure {
    let code = error.exit_code();
    let exit = match code {
        2 => Exit::Usage,
        9 => Exit::Busy,
        _ => Exit::Failure,
    };
    let mut failure = Failure::of(exit, error).maybe_hint(error.hint());
    failure.child = u8::try_from(code).ok().filter(|code| *code != exit.code());
    if !error.log_tail().is_empty() {
        failure.chain.push(format!("its log ends with\n{}", error.log_tail().join("\n")));
    }
    failure
}
