//! `loom completions SHELL`

use clap_complete::Shell;

use super::{Done, Outcome, context::Context, parse};

/// Arguments of `loom completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut parse::whole(), "loom", &mut script);
    context.printer.bytes(&script)?;
    Ok(Done::Well)
}
