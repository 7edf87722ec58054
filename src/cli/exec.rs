//! `loom exec -- COMMAND…`: a runtime on free ports for as long as a command runs.

use std::{ffi::OsString, process::Command};

use super::{
    CommandError, Exit, Outcome,
    agent_telemetry::{self, TelemetryReader},
    context::Context,
    env::exports,
    interrupt,
    launch_args::LaunchArgs,
    launching, lookup, report, store_limits,
};
use loom_runtime::launch::{ForegroundSignals, LaunchError, LaunchKind, Up};

/// Arguments of `loom exec`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    launch: LaunchArgs,
    /// The command, with its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let [program, command_args @ ..] = &args.command[..] else {
        return Err(CommandError::new(Exit::Usage, "no command was given after `--`"));
    };
    // Before a runtime is acquired, which may take long.
    lookup::look_up(program, std::env::var_os("PATH").as_deref())?;
    let prepared = launching::launch(context, &args.launch.on_free_ports(), LaunchKind::Exec)?;
    let started = match prepared.up(context)? {
        Up::Started(started) => *started,
        // Each `exec` has an instance of its own, so that none can be found.
        Up::Found(_) => return Err(report::another_runs()),
    };
    let mut command = Command::new(program);
    command.args(command_args).env_remove("LOOM_DASHBOARD_URL");
    for name in agent_telemetry::names_of_others(context.env()) {
        command.env_remove(name);
    }
    command.envs(exports(&started.document, context.env(), TelemetryReader::Process));
    let signals = ForegroundSignals::listen().map_err(|source| LaunchError::Watch { source })?;
    interrupt::release();
    let status =
        started.run_command(signals, command).map_err(|e| lookup::not_executed(program, &e))?;
    store_limits::enforce(context);
    Ok(Exit::of_code(launching::code_of(status)))
}
