//! The command line: the only code that reads the environment and prints.
//!
//! | file | holds |
//! |---|---|
//! | `command` | the table of commands |
//! | `parse` | which command was typed; builds the parser of that one only |
//! | `global` | the options that every command takes |
//! | `context` | what a command runs with: options, environment, printer |
//! | `printer` | data on stdout, messages on stderr, one JSON document with `--json` |
//! | `place` | whose runtimes are meant |
//! | `launching` | from options and configuration to a launch |
//! | `lookup` | whether a command to run is there |
//! | `exit` | the exit codes |
//! | `report` | [`Failure`]: an error with its exit code, chain and hint |
//! | `selection` | the options that say which release and from where |
//! | `ready` | makes sure that the release is here |
//! | `progress` | what is told while that happens |
//! | `list_remote` | the part of `list` that asks the sources |
//!
//! Every other file is one command.

mod build_note;
mod command;
mod completions;
mod config;
mod context;
mod dev;
mod doctor;
mod down;
mod env;
mod exec;
mod exit;
mod get;
mod global;
mod init;
mod launching;
mod list;
mod list_remote;
mod logs;
mod lookup;
mod man;
mod parse;
mod place;
mod printer;
mod progress;
mod ready;
mod remove;
mod report;
mod restart;
mod selection;
mod source;
mod status;
mod store;
mod supervise;
mod tail;
mod trust;
mod up;
mod use_version;
mod which;
mod why;

use std::{ffi::OsString, process::ExitCode};

pub(crate) use exit::Exit;
pub(crate) use report::CommandError;

/// What a command that did not fail leaves the process with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// Exit code 0.
    Well,
    /// The code of a child, passed on.
    Code(u8),
}

type Outcome = Result<Done, CommandError>;

/// Runs `loom` with these arguments (the program's name first) and returns its exit code.
pub(crate) fn run(args: Vec<OsString>) -> ExitCode {
    let parsed = match parse::parse(&args) {
        Ok(parsed) => parsed,
        Err(stop) => return stop.print(),
    };
    let printer = printer::Printer::new(&parsed.global);
    let context = context::Context::new(parsed.global, printer.clone());
    match (parsed.entry.run)(&parsed.matches, &context) {
        Ok(Done::Well) => ExitCode::SUCCESS,
        Ok(Done::Code(code)) => ExitCode::from(code),
        Err(failure) => {
            printer.failure(&failure);
            ExitCode::from(failure.code)
        }
    }
}
