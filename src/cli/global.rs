//! The options of every command.

use std::path::PathBuf;

use loom_source::Name;

/// The heading of these options in the help of every command.
pub(crate) const HEADING: &str = "Global options";

/// The options of every command.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = HEADING)]
pub(crate) struct Global {
    /// Print one JSON document on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print no messages and no progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Verbose output: requests and decisions; -vv also shows timings
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Disable network access (loopback allowed) [env: LOOM_OFFLINE]
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// Folder of the store [env: LOOM_CACHE_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Project file to use instead of the nearest loom.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Binary to manage [default: loom-bridge-server]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) binary: Option<Name>,
}

/// The global options that take a value: needed to tell the command from a value before the arguments are parsed.
pub(crate) const WITH_VALUE: [&str; 3] = ["--cache-dir", "--config", "--binary"];
