//! `loom-bridge-server`: reads the environment, serves until it is asked to stop.

use std::{num::NonZeroUsize, process::ExitCode, thread};

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use loom_bridge::{
    logging::Telemetry,
    server::{self, chain},
    settings::{HELP, ServerSettings},
};

/// The Loom runtime: event bus, agents and their tools over gRPC, and a dashboard.
#[derive(Debug, Parser)]
#[command(name = "loom-bridge-server", version, after_help = HELP)]
struct Arguments {}

fn main() -> ExitCode {
    // Exits by itself: 0 after --version and --help, 2 for what it does not know.
    let matches = Arguments::command().get_matches();
    if let Err(error) = Arguments::from_arg_matches(&matches) {
        error.exit();
    }
    let settings = match ServerSettings::read(&std::env::vars_os().collect()) {
        Ok(settings) => settings,
        Err(error) => return fail(&error.to_string(), None, 2),
    };
    serve(settings)
}

fn serve(settings: ServerSettings) -> ExitCode {
    let workers = thread::available_parallelism().map_or(2, NonZeroUsize::get).clamp(2, 4);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("could not start threads: {error}"), None, 1),
    };
    let telemetry = {
        let _inside = runtime.enter();
        Telemetry::start(&settings, std::env::var_os("NO_COLOR").is_none())
    };
    let telemetry = match telemetry {
        Ok(telemetry) => telemetry,
        Err(error) => return fail(&chain(&error), None, 2),
    };
    let outcome = runtime.block_on(server::run(settings, telemetry));
    // Whatever still runs was given its time.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&chain(&error), error.hint(), error.exit_code()),
    }
}

#[allow(clippy::print_stderr, reason = "the last word of a program that cannot serve")]
fn fail(why: &str, hint: Option<String>, code: u8) -> ExitCode {
    eprintln!("error: {why}");
    if let Some(hint) = hint {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(code)
}
