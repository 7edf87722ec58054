//! The options that select a release and its sources.

use loom_source::Selector;

use super::lock_args::LockArgs;
use loom_runtime::config::Flags;

/// The options that select a release and its sources.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Selection {
    /// latest, a version (0.2.0), a range (0.2, ^0.2, ">=0.1,<0.3"), or dev for a cargo build
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<Selector>,
    /// Source to query instead of the configured ones; may be repeated, the first is queried first
    /// (file:///FOLDER, https://HOST/PATH, target:/CHECKOUT, …)
    #[arg(long = "source", value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    /// Build the checkout with cargo first, and use that build
    #[arg(long)]
    pub(crate) build: bool,
    /// Download the release again even if it is installed
    #[arg(long)]
    pub(crate) force_download: bool,
    /// Accept a release without a checksum, for this run
    #[arg(long)]
    pub(crate) allow_unverified: bool,
    /// Let `latest` be an older version than before
    #[arg(long)]
    pub(crate) allow_downgrade: bool,
    #[command(flatten)]
    pub(crate) lock: LockArgs,
}

impl Selection {
    /// The same options, with this version where they have none: for commands that take it as an argument too.
    pub(crate) fn or_version(self, selector: Option<&Selector>) -> Self {
        Self { version: self.version.or_else(|| selector.cloned()), ..self }
    }

    /// These options as configuration flags.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            version: self.version.clone(),
            sources: self.sources.clone(),
            allow_unverified: self.allow_unverified,
            locked: self.lock.locked,
            frozen: self.lock.frozen,
            ..Flags::default()
        }
    }
}
