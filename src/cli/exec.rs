//! `loom exec -- COMMAND…`: a runtime on free ports for as long as a command takes.

use std::{ffi::OsString, process::Command};

use super::{
    CommandError, Done, Exit, Outcome,
    context::Context,
    env::exports,
    launching::{self, LaunchArgs},
    lookup,
    place::launch_failed,
};
use loom_runtime::launch::{LaunchKind, Up, up};

/// Arguments of `loom exec`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    asked: LaunchArgs,
    /// The command, with its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    // A runtime may have to be fetched: not for a command that is not there.
    lookup::look_up(&args.command[0], std::env::var_os("PATH").as_deref())?;
    let asked = args.asked.on_free_ports();
    let launch = launching::launch(context, &asked, LaunchKind::Exec)?;
    let started = match up(launch).map_err(|error| launch_failed(&error))? {
        Up::Started(started) => *started,
        // Every `exec` has an instance of its own.
        Up::Found(_) => return Err(CommandError::new(Exit::Busy, "another runtime is in the way")),
    };
    let mut command = Command::new(&args.command[0]);
    command.args(&args.command[1..]).env_remove("LOOM_DASHBOARD_URL");
    command.envs(exports(&started.document));
    let status = started.beside(command).map_err(|e| lookup::unrun(&args.command[0], &e))?;
    Ok(match launching::code_of(status) {
        0 => Done::Well,
        code => Done::Code(code),
    })
}
