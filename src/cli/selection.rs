//! The options that say which release, and from where.

use loom_source::Selector;

use loom_runtime::config::Flags;

/// Which release, and from where.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Selection {
    /// latest, a version (0.2.0), a range (0.2, ^0.2, ">=0.1,<0.3"), or dev for a cargo build
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<Selector>,
    /// Ask this source instead of the configured ones; may be given more than once, the first is asked first
    /// (file:///FOLDER, https://HOST/PATH, target:/CHECKOUT, …)
    #[arg(long = "source", value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    /// Build the checkout with cargo first, and take that build
    #[arg(long)]
    pub(crate) build: bool,
    /// Fetch it again even if it is here
    #[arg(long)]
    pub(crate) force_download: bool,
    /// Accept a release without any checksum, this once
    #[arg(long)]
    pub(crate) allow_unverified: bool,
    /// Let `latest` go back to an older version
    #[arg(long)]
    pub(crate) allow_downgrade: bool,
}

impl Selection {
    /// These options as configuration flags.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            version: self.version.clone(),
            sources: self.sources.clone(),
            allow_unverified: self.allow_unverified,
            ..Flags::default()
        }
    }
}
