//! Errors of starting, querying and stopping runtimes.

use std::path::Path;

use loom_base::HostPort;

use super::CommandError;
use super::exit::Exit;
use loom_runtime::launch::{
    Difference, Instance, LaunchError, RuntimeDocument, RuntimePort, RuntimeState, ServerExit,
    SpawnObstacle, StartFailure,
};

impl From<LaunchError> for CommandError {
    fn from(error: LaunchError) -> Self {
        let error = match error {
            LaunchError::State(error) => return error.into(),
            error => error,
        };
        let mut report = Self::of(Exit::Failure, &error).maybe_hint(hint(&error));
        report.code = code(&error);
        report.kind = kind(&error);
        if !error.log_tail().is_empty() {
            report.causes.push(log_tail(error.log_tail()));
        }
        report
    }
}

/// The last lines of a log as a cause.
pub(crate) fn log_tail(lines: &[String]) -> String {
    format!("its log ends with\n{}", lines.join("\n"))
}

/// The error where a runtime was found although the caller has an instance of its own.
pub(crate) fn another_runs() -> CommandError {
    CommandError::new(Exit::Busy, "another runtime is running")
}

/// The error where clients need the address of a runtime that runs and was not ready yet.
pub(crate) fn not_ready(instance: &Instance) -> CommandError {
    let Instance { document, state, .. } = instance;
    let message = format!("{} {} is not ready: it is {state}", document.binary, document.version);
    let mut error = CommandError::new(Exit::Failure, message).hint(match state {
        RuntimeState::Orphaned => "`loom restart` replaces it, `loom down` stops it",
        _ => "`loom status` shows it, `loom logs -f` follows its log",
    });
    error.kind = "not_ready";
    error
}

/// The exit code of a runtime that ended.
pub(crate) fn exit_of(ended: ServerExit) -> Exit {
    Exit::of_code(server_code(ended))
}

/// How the server ended. Its start is the document on stdout; its end is an error on stderr.
pub(crate) fn ended_error(document: &RuntimeDocument, ended: ServerExit) -> CommandError {
    let how = match (ended.requested, ended.killed) {
        (_, true) => "did not stop in time and was killed",
        (true, false) => "failed while stopping",
        (false, false) => "exited unexpectedly",
    };
    CommandError::new(Exit::Failure, format!("{} {how} ({ended})", document.binary))
}

/// The hint that names the log of a runtime.
pub(crate) fn log_hint(log: &str) -> String {
    format!("the full log is {log}")
}

/// The hint that names the log of a version that did not become ready.
fn log_of_hint(program: &str, log: &str) -> String {
    format!("the full log of {program} is {log}")
}

/// The hint that names the log of the run before one that failed.
pub(crate) fn log_before_hint(log: &Path) -> String {
    format!("the log of the run before is {}", log.display())
}

fn server_code(ended: ServerExit) -> u8 {
    u8::try_from(ended.shell_status()).unwrap_or(1)
}

/// 9 where something is busy or taken, 2 for an address that cannot be used, the status of a server that crashed (never
/// 0: the runtime is not ready), else 1.
fn code(error: &LaunchError) -> u8 {
    match error {
        LaunchError::Failed(failure) => match failure {
            StartFailure::Busy | StartFailure::PortTaken { .. } => Exit::Busy.code(),
            StartFailure::Listen { .. } | StartFailure::SamePort { .. } => Exit::Usage.code(),
            StartFailure::Crashed { ended, .. } => server_code(*ended).max(1),
            StartFailure::Spawn { .. }
            | StartFailure::NotReady { .. }
            | StartFailure::Stopped { .. }
            | StartFailure::State { .. } => Exit::Failure.code(),
        },
        LaunchError::Running { .. }
        | LaunchError::OtherSettings { .. }
        | LaunchError::Orphan { .. }
        | LaunchError::Busy => Exit::Busy.code(),
        LaunchError::RolledBack { source, .. }
        | LaunchError::NothingCameUp { source, .. }
        | LaunchError::PreviousEnded { source, .. } => code(source),
        LaunchError::State(_)
        | LaunchError::Random { .. }
        | LaunchError::Supervisor { .. }
        | LaunchError::Silent
        | LaunchError::Watch { .. }
        | LaunchError::Describe(_)
        | LaunchError::Control { .. }
        | LaunchError::DoesNotEnd { .. }
        | LaunchError::NothingRuns => Exit::Failure.code(),
    }
}

/// The kind for programs.
fn kind(error: &LaunchError) -> &'static str {
    match error {
        LaunchError::Failed(failure) => match failure {
            StartFailure::Busy => "busy",
            StartFailure::PortTaken { .. } => "port_taken",
            StartFailure::Listen { .. } | StartFailure::SamePort { .. } => "address",
            StartFailure::Spawn { .. } => "spawn",
            StartFailure::Crashed { .. } => "crashed",
            StartFailure::NotReady { .. } => "not_ready",
            StartFailure::Stopped { .. } => "stopped",
            StartFailure::State { .. } => "launch",
        },
        LaunchError::Running { .. }
        | LaunchError::OtherSettings { .. }
        | LaunchError::Orphan { .. } => "running",
        LaunchError::Busy => "busy",
        LaunchError::NothingRuns => "nothing_runs",
        LaunchError::RolledBack { .. } => "rolled_back",
        LaunchError::State(_)
        | LaunchError::Random { .. }
        | LaunchError::Supervisor { .. }
        | LaunchError::Silent
        | LaunchError::Watch { .. }
        | LaunchError::Describe(_)
        | LaunchError::Control { .. }
        | LaunchError::DoesNotEnd { .. }
        | LaunchError::NothingCameUp { .. }
        | LaunchError::PreviousEnded { .. } => "launch",
    }
}

/// What the user can do.
fn hint(error: &LaunchError) -> Option<String> {
    Some(match error {
        LaunchError::Failed(failure) => return start_hint(failure),
        LaunchError::Running { .. } => {
            "`loom status` shows it, `loom logs -f` follows its log, `loom down` stops it"
                .to_owned()
        }
        LaunchError::OtherSettings { differences, .. } => format!(
            "`{}` switches to the requested settings, `loom down` stops the running runtime",
            restart_command(differences)
        ),
        LaunchError::Orphan { .. } => "`loom restart` replaces it, `loom down` stops it".to_owned(),
        LaunchError::DoesNotEnd { .. } => "`loom down` stops it".to_owned(),
        LaunchError::Busy => "try again in a moment".to_owned(),
        LaunchError::NothingRuns => "`loom up --detach` starts one".to_owned(),
        LaunchError::RolledBack { previous, source, with_settings } => {
            let after = hint(source)?;
            let RuntimeDocument { binary, version, log, .. } = previous.as_ref();
            let after = format!("{after}\nthe log of {binary} {version}, which runs, is {log}");
            return Some(with_settings.as_ref().map_or(after.clone(), |_| also_settings(after)));
        }
        LaunchError::NothingCameUp { source, same_settings: true, .. } => {
            return hint(source).map(also_settings);
        }
        LaunchError::PreviousEnded { source, .. } | LaunchError::NothingCameUp { source, .. } => {
            return hint(source);
        }
        LaunchError::State(_)
        | LaunchError::Random { .. }
        | LaunchError::Supervisor { .. }
        | LaunchError::Silent
        | LaunchError::Watch { .. }
        | LaunchError::Describe(_)
        | LaunchError::Control { .. } => return None,
    })
}

/// The hint where another version failed with the same settings.
fn also_settings(hint: String) -> String {
    format!(
        "{hint}\nthe settings are the likely cause, not the version: `loom config show` prints them"
    )
}

fn start_hint(failure: &StartFailure) -> Option<String> {
    Some(match failure {
        StartFailure::Busy => "try again in a moment".to_owned(),
        StartFailure::PortTaken { port, .. } => format!(
            "choose another port with {} PORT (0 = any free port), or stop that process",
            flag(*port)
        ),
        StartFailure::Listen { port, .. } => {
            format!("choose an address of this machine, and a port with {} PORT", flag(*port))
        }
        StartFailure::SamePort { .. } => {
            "choose another port with --bridge-port or --dashboard-port PORT (0 = any free port)".to_owned()
        }
        StartFailure::Crashed { program, log, .. } => log_of_hint(program, log),
        StartFailure::NotReady { program, log, .. } => {
            format!("{}; bridge.timeout_sec sets the time limit", log_of_hint(program, log))
        }
        StartFailure::State { .. } => {
            "check that the state folder is writable, or set LOOM_STATE_DIR to another one"
                .to_owned()
        }
        StartFailure::Spawn { obstacle: Some(obstacle), program, .. } => match obstacle {
            SpawnObstacle::Noexec => "give a folder on a file system that is mounted without noexec, with --cache-dir or \
                                      LOOM_CACHE_DIR"
                .to_owned(),
            SpawnObstacle::Mode => format!("`chmod 555 {program}` restores it"),
            SpawnObstacle::Loader => {
                "the release is built for another system; `loom list --remote` shows what there is for this one".to_owned()
            }
        },
        StartFailure::Stopped { program, log, .. } => {
            let by = "`loom down`, `loom restart` or a signal stopped it; `loom up` starts it again";
            if log.is_empty() {
                return Some(by.to_owned());
            }
            format!("{by}\n{}", log_of_hint(program, log))
        }
        StartFailure::Spawn { .. } => return None,
    })
}

/// The option that sets a port.
fn flag(port: RuntimePort) -> &'static str {
    match port {
        RuntimePort::Bridge => "--bridge-port",
        RuntimePort::Dashboard => "--dashboard-port",
    }
}

/// The command that switches to the requested settings: `restart` keeps the options that the runtime was started with,
/// except those that it is given.
fn restart_command(differences: &[Difference]) -> String {
    let options = differences.iter().filter_map(restart_options);
    std::iter::once("loom restart".to_owned()).chain(options).collect::<Vec<_>>().join(" ")
}

/// The options for one difference; `None` where the configuration alone decides.
fn restart_options(difference: &Difference) -> Option<String> {
    match difference {
        Difference::Version { requested, .. } => Some(format!("--version {requested}")),
        Difference::Address { port, running, requested } => {
            let (running, requested) = (port_of(running)?, port_of(requested)?);
            (running != requested).then(|| format!("{} {requested}", flag(*port)))
        }
        Difference::DashboardOn { requested } => Some(match port_of(requested) {
            Some(port) => format!("--mode full --dashboard-port {port}"),
            None => "--mode full".to_owned(),
        }),
        Difference::DashboardOff => Some("--mode bridge-only".to_owned()),
        Difference::Build | Difference::Variable(_) => None,
    }
}

fn port_of(address: &str) -> Option<u16> {
    address.parse::<HostPort>().ok().map(|address| address.port)
}

#[cfg(test)]
mod tests;
