//! `loom restart`: what runs ends and starts again, as the configuration now says.

use super::{
    Done, Outcome,
    context::Context,
    launching::{self, LaunchArgs},
    place::launch_failed,
};
use loom_runtime::launch::{self, LaunchKind};

/// Arguments of `loom restart`. What is not given is as it was given to `up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    asked: LaunchArgs,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let memo = launching::memo(context)?;
    let asked = args.asked.clone().or(memo);
    let launch = launching::launch(context, &asked, LaunchKind::Up)?;
    let started = launch::restart(launch).map_err(|error| launch_failed(&error))?;
    let document = started.stay();
    context.printer.answer(&document, || launching::human(&document))?;
    Ok(Done::Well)
}
