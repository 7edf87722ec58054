//! `loom lock`

use super::{
    Outcome,
    context::Context,
    lock_run::{self, LockOptions, LockTarget},
};

/// Arguments of `loom lock`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail with exit code 8 if the lock file would change [env: LOOM_LOCKED]
    #[arg(long)]
    locked: bool,
    #[command(flatten)]
    options: LockOptions,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let resolved = context.resolve(args.options.flags(args.locked))?;
    lock_run::run(&args.options, &LockTarget::Requested, &resolved, context)
}
