//! `loom-bridge-server`: reads its settings from the environment and serves until it is asked to stop.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use loom_base::{clean, error_chain, reap::reap_as_first_process};
use loom_bridge::{
    health, report, runs, server, settings::ServerSettings, telemetry::Telemetry, tls,
};
use loom_environment::names;

/// The Loom runtime: event bus, agents and their tools over gRPC, and a dashboard.
#[derive(Debug, Parser)]
#[command(name = "loom-bridge-server", version, after_help = names::help())]
struct Arguments {
    /// Ask the server that the environment describes whether it is serving: exit code 0 if it is, else 1, within 5
    /// seconds
    #[arg(long)]
    health: bool,
    #[command(subcommand)]
    command: Option<ServerCommand>,
}

#[derive(Debug, clap::Subcommand)]
enum ServerCommand {
    /// Print the answer of a history of runs as JSON
    #[command(hide = true)]
    History {
        /// The file
        file: PathBuf,
        /// A path of the dashboard's API, such as /api/runs?limit=10 or logs
        question: String,
    },
}

fn main() -> ExitCode {
    // Exits with 0 after --version and --help, with 2 after an unknown argument.
    let matches = Arguments::command().get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Some(ServerCommand::History { file, question }) = arguments.command {
        return print_history(&file, &question);
    }
    let settings = match ServerSettings::read(&std::env::vars_os().collect()) {
        Ok(settings) => settings,
        Err(error) if arguments.health => return fail(&error.to_string(), None, report::UNHEALTHY),
        Err(error) => return fail(&error.to_string(), None, report::INVALID_SETTINGS),
    };
    if arguments.health {
        return check_health(&settings);
    }
    // Before anything that connects, such as the export of spans, may read the file.
    if let Err(error) = settings.authorities.as_deref().map_or(Ok(()), tls::check_authorities) {
        return fail(&error_chain(&error), None, report::INVALID_SETTINGS);
    }
    serve(settings)
}

#[allow(clippy::print_stdout, reason = "the answer of a command")]
fn print_history(file: &Path, question: &str) -> ExitCode {
    match runs::offline::answer(file, question) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error_chain(&error), None, 1),
    }
}

/// Programs that check the health of containers know 0 and 1 alone.
fn check_health(settings: &ServerSettings) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string(), None, report::UNHEALTHY),
    };
    match runtime.block_on(health::check(settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error_chain(&error), None, report::UNHEALTHY),
    }
}

fn serve(settings: ServerSettings) -> ExitCode {
    reap_as_first_process();
    let workers = thread::available_parallelism().map_or(2, NonZeroUsize::get).clamp(2, 4);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("could not start threads: {error}"), None, 1),
    };
    let telemetry = {
        let _context = runtime.enter();
        Telemetry::start(&settings, std::env::var_os("NO_COLOR").is_none())
    };
    let telemetry = match telemetry {
        Ok(telemetry) => telemetry,
        Err(error) => return fail(&error_chain(&error), None, report::INVALID_SETTINGS),
    };
    let outcome = runtime.block_on(server::run(settings, telemetry));
    // The server has waited for its tasks; those that are left are blocking ones and are not waited for.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error_chain(&error), report::hint(&error), report::exit_code(&error)),
    }
}

#[allow(clippy::print_stderr, reason = "the error of a program that cannot serve")]
fn fail(message: &str, hint: Option<String>, code: u8) -> ExitCode {
    eprintln!("error: {}", clean::text(message));
    if let Some(hint) = hint {
        eprintln!("hint: {}", clean::text(&hint));
    }
    ExitCode::from(code)
}
