//! `loom __supervise`, started by `up`, `restart` and `exec`; see [`loom_runtime::launch`].

use std::io;

use super::{CommandError, Exit, Outcome, context::Context};

/// Arguments of `loom __supervise`: none, it reads its launch from standard input.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// The name of the command.
pub(crate) const NAME: &str = "__supervise";

pub(crate) fn run(_: &Args, _: &Context) -> Outcome {
    loom_runtime::launch::supervise(io::BufReader::new(io::stdin()), io::stdout()).map_err(
        |e| CommandError::new(Exit::Failure, format!("could not supervise a runtime: {e}")),
    )?;
    Ok(Exit::Success)
}
