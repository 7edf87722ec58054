//! `loom update`

use loom_source::Version;

use super::{
    Outcome,
    context::Context,
    lock_run::{self, LockOptions, LockTarget},
    version_arg,
};

/// Arguments of `loom update`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Version to move the lock to, one that loom.toml selects [default: the newest one that it selects]
    #[arg(long, value_parser = version_arg::version)]
    version: Option<Version>,
    #[command(flatten)]
    options: LockOptions,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(args.options.flags(false))?;
    let target = match &args.version {
        Some(version) => LockTarget::Version(version.clone()),
        None => LockTarget::Newest,
    };
    lock_run::run(&args.options, &target, &resolved, context)
}
