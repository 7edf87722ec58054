//! The options that every command takes.

use std::path::PathBuf;

use loom_source::Name;

/// Options of every command.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Global {
    /// Print one JSON document on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no messages and no progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Say more
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Use no network beyond this machine [env: LOOM_OFFLINE]
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// The store's folder [env: LOOM_CACHE_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// This loom.toml instead of the nearest one
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The program meant [default: loom-bridge-server]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) binary: Option<Name>,
}

/// Which global options take a value: needed to tell the command from a value before clap runs.
pub(crate) const WITH_VALUE: [&str; 3] = ["--cache-dir", "--config", "--binary"];
