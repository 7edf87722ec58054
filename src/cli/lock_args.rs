//! The options about the lock file.
//!
//! Building the parsers of three options costs more than a warm `which` may take longer, so they are built only where one
//! of them is typed, and for help.

use std::{cell::Cell, ffi::OsString, path::PathBuf};

use clap::{ArgMatches, Args, Command, FromArgMatches, error::Error};

thread_local! {
    /// Whether parsers have the options.
    static ARE_BUILT: Cell<bool> = const { Cell::new(true) };
}

/// Builds a parser for these arguments: without the options where none of them is typed.
pub(crate) fn parser_for(args: &[OsString], build: impl FnOnce() -> Command) -> Command {
    let is_typed = |arg: &OsString| {
        let text = arg.to_string_lossy();
        text.starts_with("--lock") || text == "--frozen"
    };
    ARE_BUILT.set(args.iter().any(is_typed));
    let parser = build();
    ARE_BUILT.set(true);
    parser
}

/// The options about the lock file.
#[derive(Debug, Clone, Default)]
pub(crate) struct LockArgs {
    /// `--locked`
    pub(crate) locked: bool,
    /// `--frozen`
    pub(crate) frozen: bool,
    /// `--lock`
    pub(crate) lock: Option<PathBuf>,
}

/// The parsers of the options.
#[derive(Debug, clap::Args)]
struct LockOptionParsers {
    /// Fail unless the lock file is there and agrees with loom.toml [env: LOOM_LOCKED]
    #[arg(long, conflicts_with = "frozen")]
    locked: bool,
    /// Let the lock file decide, whatever loom.toml says [env: LOOM_FROZEN]
    #[arg(long)]
    frozen: bool,
    /// Lock file to use instead of the loom.lock beside loom.toml
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
}

impl Args for LockArgs {
    fn augment_args(command: Command) -> Command {
        if ARE_BUILT.get() { LockOptionParsers::augment_args(command) } else { command }
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for LockArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        // An option that the parser does not have was not typed.
        if !matches!(matches.try_contains_id("locked"), Ok(true)) {
            return Ok(Self::default());
        }
        let LockOptionParsers { locked, frozen, lock } =
            LockOptionParsers::from_arg_matches(matches)?;
        Ok(Self { locked, frozen, lock })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
