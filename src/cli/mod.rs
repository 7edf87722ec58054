//! The command line: the only code that reads the environment and prints.
//!
//! | file | holds |
//! |---|---|
//! | `command` | the table of commands |
//! | `parse` | which command was typed; builds the parser of that one only |
//! | `help`, `examples`, `suggest` | what help shows beside the arguments, and which command a mistyped one means |
//! | `global` | the options of every command |
//! | `context`, `invocation` | what a command runs with: options, environment, printer, arguments |
//! | `report` | errors with their exit codes, causes and hints |
//! | `printer`, `color`, `table` | data on stdout, messages on stderr, one JSON document with `--json` |
//! | `progress`, `progress_line`, `interrupt` | progress of a transfer, and what Ctrl+C does meanwhile |
//! | `transfer_report`, `writer_args` | what tasks on mirrors print, and their options |
//! | `image_layers`, `runtime_layer` | what images get besides their programs, and the option that says it |
//! | `verbose` | what `-v` shows of requests and decisions |
//! | `project_scope` | the project and the state folder that a command is about |
//! | `running_dashboard`, `history_source` | the dashboard of the running runtime; what the project's history answers, also while none runs |
//! | `kept_history`, `content_note` | where the history is kept while none runs; what `up` says of contents |
//! | `agent_telemetry` | where SDKs of OpenTelemetry in agents send their spans |
//! | `json_argument` | JSON from an argument, a file or standard input |
//! | `launch_args` | the options of a launch, and how an instance keeps them |
//! | `launching`, `prepared_launch` | from options and configuration to a launch |
//! | `launch_attempt`, `last_good` | what follows when it is ready or is not; the last version that was ready here |
//! | `lookup` | whether a command that is to be executed exists |
//! | `requested` | which version is requested where no lock file decides |
//! | `lock_args` | the options about the lock file |
//! | `locked` | which version a command takes: that of the lock file, or what is configured |
//! | `lock_summary` | what `status`, `why` and `config show` say of the lock file |
//! | `lock_run` | makes or moves a lock file, for `lock` and `update` |
//! | `selection`, `version_arg` | the options that select a release and its sources |
//! | `bundle_lock`, `bundle_signer` | the lock file in a bundle, and whether the key that signed it is trusted |
//! | `ready`, `identified` | acquires the selected release; whether more than its source vouches for it |
//! | [`own_program`] | the commands of `loom self` |
//! | `newer`, `update_watch`, `update_notice` | asks for newer versions; how the supervisor of a runtime does; what the user is told |
//! | `store_limits` | enforces `store.keep` and `store.max_size` after an acquisition |
//! | `list_remote`, `list_generations` | the parts of `list` that query the sources, and that show generations |
//! | `default_version` | the default version of a user, and what takes precedence over it |
//! | [`mirror`] | the commands of `loom mirror`, a file each |
//! | `completion`, `environment` | shell completion of values; the documented variables |
//!
//! Every other file is one command.

mod agent_telemetry;
mod build_note;
mod bundle_lock;
mod bundle_signer;
mod call;
mod check_update;
mod color;
mod command;
mod completion;
mod completions;
mod config;
mod content_note;
mod context;
mod default_version;
mod deploy;
mod dev;
mod doctor;
mod down;
mod env;
mod environment;
mod events;
mod examples;
mod exec;
mod get;
mod global;
mod help;
mod history_source;
mod identified;
mod image_layers;
mod init;
mod interrupt;
mod invocation;
mod json_argument;
mod kept_history;
mod last_good;
mod launch_args;
mod launch_attempt;
mod launching;
mod list;
mod list_generations;
mod list_remote;
mod lock;
mod lock_args;
mod lock_run;
mod lock_summary;
mod locked;
mod logs;
mod lookup;
mod man;
mod mirror;
mod newer;
mod outdated;
mod own_program;
mod parse;
mod path_text;
mod prepared_launch;
mod printer;
mod progress;
mod progress_line;
mod project_scope;
mod publish;
mod ready;
mod reference;
mod release;
mod remove;
mod report;
mod requested;
mod restart;
mod rollback;
mod running_dashboard;
mod runs;
mod runtime_layer;
mod selection;
mod source;
mod status;
mod store;
mod store_limits;
mod suggest;
mod supervise;
mod table;
mod tail;
mod transfer_report;
mod trust;
mod up;
mod update;
mod update_notice;
mod update_watch;
mod use_version;
mod verbose;
mod version_arg;
mod which;
mod why;
mod writer_args;

use std::{ffi::OsString, process::ExitCode};

pub(crate) use report::{CommandError, Exit, Outcome};

/// Runs `loom` with these arguments (the program's name first) and returns its exit code.
pub(crate) fn run(args: Vec<OsString>) -> ExitCode {
    completion::complete(parse::command_line);
    let parsed = match parse::parse(&args) {
        Ok(parsed) => parsed,
        Err(stop) => return stop.print(),
    };
    let printer = printer::Printer::new(&parsed.global);
    let invocation = invocation::Invocation::new(args, parse::command_line);
    let context = context::Context::new(parsed.global, printer.clone(), invocation);
    let exit = (parsed.entry.run)(&parsed.matches, &context).unwrap_or_else(|error| {
        printer.error(&error);
        Exit::of_code(error.code)
    });
    ExitCode::from(exit.code())
}
