//! `loom update`
//!
//! | file | holds |
//! |---|---|
//! | `newest` | what it does without a lock file, and with `--check` |

mod newest;

use std::time::Duration;

use loom_source::Version;

use super::{
    Outcome,
    context::Context,
    lock_run::{self, LockOptions, LockTarget},
    locked, version_arg,
};

/// Arguments of `loom update`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Version to move the lock to, one that loom.toml selects [default: the newest one that it selects]
    #[arg(long, value_parser = version_arg::version)]
    version: Option<Version>,
    /// Change nothing; fail with exit code 1 if a newer version would be taken
    #[arg(long, conflicts_with = "version")]
    check: bool,
    #[command(flatten)]
    options: LockOptions,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let mut resolved = context.resolve(args.options.flags(false))?;
    let named = args.options.file();
    if args.check {
        return newest::check(context, &resolved, named);
    }
    let path = locked::path(context, &resolved, named)?;
    let is_about_lock = args.version.is_some() || args.options.is_about_lock();
    if !is_about_lock && path.is_none_or(|path| !path.exists()) {
        return newest::acquire(context, resolved, args.options.allows_downgrade());
    }
    // The newest version is that of now, whatever the age of cached lists.
    resolved.update.check_interval.value = Duration::ZERO;
    let target = match &args.version {
        Some(version) => LockTarget::Version(version.clone()),
        None => LockTarget::Newest,
    };
    lock_run::run(&args.options, &target, &resolved, context)
}
