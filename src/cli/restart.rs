//! `loom restart`

use super::{Exit, Outcome, context::Context, launch_args::LaunchArgs, launching, store_limits};
use loom_runtime::launch::{self, LaunchKind};

/// Arguments of `loom restart`. Options that are not given are as they were given to `up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    launch: LaunchArgs,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let args = args.launch.clone().or(launching::running_args(context)?);
    let (launch, became_ready) = launching::launch(context, &args, LaunchKind::Up)?.split(context);
    let document = launch::restart(launch)?.detach();
    became_ready();
    context.printer.answer(&document, || launching::human(&document))?;
    store_limits::enforce(context);
    Ok(Exit::Success)
}
