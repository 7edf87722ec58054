//! `loom completions SHELL`

use clap_complete::env::Shells;

use super::{CommandError, Exit, Outcome, completion::VARIABLE, context::Context};

/// Arguments of `loom completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_parser = ["bash", "elvish", "fish", "powershell", "zsh"])]
    shell: String,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell).ok_or_else(|| {
        CommandError::new(Exit::Usage, format!("no completions for the shell {}", args.shell))
    })?;
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "loom", "loom", "loom", &mut script)
        .map_err(|e| CommandError::of(Exit::Failure, &e))?;
    context.printer.bytes(&script)?;
    Ok(Exit::Success)
}
