//! The options about the lock file.

use std::path::PathBuf;

/// The options about the lock file.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct LockArgs {
    /// Fail unless the lock file is there and agrees with loom.toml [env: LOOM_LOCKED]
    #[arg(long, conflicts_with = "frozen")]
    pub(crate) locked: bool,
    /// Let the lock file decide, whatever loom.toml says [env: LOOM_FROZEN]
    #[arg(long)]
    pub(crate) frozen: bool,
    /// Lock file to use instead of the loom.lock beside loom.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
}
