//! What can go wrong with a runtime.

use std::{io, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{Difference, RuntimeDocument, owner::Owner};

/// How a server's process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Its exit code, unless a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether we had asked it to end.
    pub asked: bool,
    /// Whether it had to be killed because it did not end in time.
    pub killed: bool,
}

impl Ended {
    /// The code to pass on: 0 when it ended well because it was asked to, else its own, 128+n for a signal.
    pub fn exit_code(&self) -> i32 {
        const SIGTERM: i32 = 15;
        match (self.code, self.signal) {
            (_, Some(SIGTERM)) if self.asked => 0,
            (Some(code), _) => code,
            (None, Some(signal)) => 128 + signal,
            (None, None) => 1,
        }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code, self.signal) {
            (Some(code), _) => write!(f, "exit code {code}"),
            (None, Some(signal)) => write!(f, "signal {signal}"),
            (None, None) => f.write_str("unknown end"),
        }
    }
}

/// Which of a runtime's ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Port {
    /// The gRPC bridge's.
    Bridge,
    /// The dashboard's.
    Dashboard,
}

impl Port {
    /// The flag that changes it.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Bridge => "--bridge-port",
            Self::Dashboard => "--dashboard-port",
        }
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Bridge => "bridge",
            Self::Dashboard => "dashboard",
        })
    }
}

/// Why a runtime did not come up, as its supervisor reports it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StartFailure {
    /// Another supervisor holds the instance.
    #[error("another runtime of this project is running")]
    Busy,
    /// Somebody listens there already.
    #[error("the {port} address {address} is taken{}", owner.as_ref().map(|o| format!(" by {o}")).unwrap_or_default())]
    PortTaken {
        /// Which port.
        port: Port,
        /// The address that was asked for.
        address: String,
        /// Who has it, where that could be found out.
        owner: Option<Owner>,
    },
    /// The address cannot be listened on at all.
    #[error("the {port} address {address} cannot be listened on: {why}")]
    Listen {
        /// Which port.
        port: Port,
        /// The address that was asked for.
        address: String,
        /// What the system said.
        why: String,
    },
    /// The program could not be started.
    #[error("could not start {program}: {why}")]
    Spawn {
        /// The program.
        program: String,
        /// What the system said.
        why: String,
    },
    /// It ended before it answered.
    #[error("{program} ended before it was ready ({ended})")]
    Crashed {
        /// The program.
        program: String,
        /// How.
        ended: Ended,
        /// Its log.
        log: String,
        /// The last lines of it.
        tail: Vec<String>,
    },
    /// It did not answer in time.
    #[error("{program} was not ready within {seconds} s: {why}")]
    NotReady {
        /// The program.
        program: String,
        /// The time it had.
        seconds: u64,
        /// What was still missing.
        why: String,
        /// Its log.
        log: String,
        /// The last lines of it.
        tail: Vec<String>,
    },
    /// It was asked to stop before it was ready.
    #[error("stopped before it was ready")]
    Stopped,
    /// The supervisor could not keep the instance's files.
    #[error("{act}: {why}")]
    State {
        /// What failed, on which file.
        act: String,
        /// What the system said.
        why: String,
    },
}

/// An act on a runtime failed.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The runtime did not come up.
    #[error(transparent)]
    Failed(#[from] StartFailure),
    /// A file of the state folder could not be used.
    #[error("could not {act} {}", path.display())]
    State {
        /// The act.
        act: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The supervisor could not be started.
    #[error("could not start the supervisor {}", program.display())]
    Supervisor {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The supervisor ended, or was killed, without saying what became of the runtime.
    #[error("the supervisor ended without a report")]
    Silent,
    /// This process cannot watch over what it started.
    #[error("could not watch over the runtime")]
    Watch {
        /// What the system said.
        source: io::Error,
    },
    /// The launch cannot be written down for the supervisor.
    #[error("could not describe the launch to the supervisor")]
    Describe(#[source] serde_json::Error),
    /// This project's runtime runs already, in the way that was asked for.
    #[error("{} {} is already running (process {})", document.binary, document.version, document.supervisor_pid)]
    Running {
        /// What runs.
        document: Box<RuntimeDocument>,
    },
    /// This project's runtime runs already, but not in the way that was asked for.
    #[error("{} {} is already running with other settings: {}", document.binary, document.version, list(differences))]
    OtherSettings {
        /// What runs.
        document: Box<RuntimeDocument>,
        /// How it differs.
        differences: Vec<Difference>,
    },
    /// A runtime whose supervisor was killed still runs.
    #[error("a runtime of this project is still running without its supervisor (process {})", document.pid.map_or("unknown".to_owned(), |p| p.to_string()))]
    Orphan {
        /// What runs.
        document: Box<RuntimeDocument>,
    },
    /// Some other process starts or stops this project's runtime, and does not come to an end.
    #[error("another process is starting or stopping this project's runtime")]
    Busy,
    /// A supervisor did not answer as it should.
    #[error("the supervisor of {id} did not answer")]
    Control {
        /// The instance.
        id: String,
        /// What happened.
        source: io::Error,
    },
    /// A runtime was asked to end, and killed, and still holds its lock.
    #[error("the runtime {id} does not end")]
    DoesNotEnd {
        /// The instance.
        id: String,
    },
    /// Nothing runs that could be restarted or shown.
    #[error("no runtime of this project is running")]
    NothingRuns,
    /// The new runtime did not come up, and the previous one was started again.
    #[error("the new runtime did not come up; the previous one, {} {}, runs again", previous.binary, previous.version)]
    RolledBack {
        /// What runs now.
        previous: Box<RuntimeDocument>,
        /// Why the new one did not come up.
        source: Box<LaunchError>,
    },
    /// The new runtime did not come up, and neither did the previous one.
    #[error("neither the new runtime nor the previous one came up ({again})")]
    NothingCameUp {
        /// Why the previous one did not.
        again: Box<LaunchError>,
        /// Why the new one did not.
        source: Box<LaunchError>,
    },
}

fn list(differences: &[Difference]) -> String {
    differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The command that changes over: it keeps the options it was started with, but for those it is given.
fn restart(differences: &[Difference]) -> String {
    let mut command = "loom restart".to_owned();
    for options in differences.iter().map(|d| &d.options).filter(|o| !o.is_empty()) {
        command.push(' ');
        command.push_str(options);
    }
    command
}

impl LaunchError {
    /// The exit code of the commands: 9 for anything busy or taken, 2 for an address that cannot be, a crashed
    /// server's own code (128+n for a signal), else 1.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Failed(failure) => match failure {
                StartFailure::Busy | StartFailure::PortTaken { .. } => 9,
                StartFailure::Listen { .. } => 2,
                StartFailure::Crashed { ended, .. } => match ended.exit_code() {
                    0 => 1,
                    code => code,
                },
                _ => 1,
            },
            Self::Running { .. }
            | Self::OtherSettings { .. }
            | Self::Orphan { .. }
            | Self::Busy => 9,
            Self::RolledBack { source, .. } | Self::NothingCameUp { source, .. } => {
                source.exit_code()
            }
            _ => 1,
        }
    }

    /// A short name of the kind of failure, for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Failed(StartFailure::PortTaken { .. }) => "port_taken",
            Self::Failed(StartFailure::Listen { .. }) => "address",
            Self::Failed(StartFailure::Crashed { .. }) => "crashed",
            Self::Failed(StartFailure::NotReady { .. }) => "not_ready",
            Self::Failed(StartFailure::Stopped) => "stopped",
            Self::Failed(StartFailure::Spawn { .. }) => "spawn",
            Self::Running { .. } | Self::OtherSettings { .. } | Self::Orphan { .. } => "running",
            Self::Failed(StartFailure::Busy) | Self::Busy => "busy",
            Self::NothingRuns => "nothing_runs",
            Self::RolledBack { .. } => "rolled_back",
            _ => "launch",
        }
    }

    /// The last lines of the log, where a log explains the failure.
    pub fn log_tail(&self) -> &[String] {
        match self {
            Self::Failed(
                StartFailure::Crashed { tail, .. } | StartFailure::NotReady { tail, .. },
            ) => tail,
            Self::RolledBack { source, .. } | Self::NothingCameUp { source, .. } => {
                source.log_tail()
            }
            _ => &[],
        }
    }

    /// What can be done about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Failed(StartFailure::PortTaken { port, .. }) => {
                format!(
                    "choose another one with {} PORT (0 = any free one), or end that process",
                    port.flag()
                )
            }
            Self::Failed(StartFailure::Listen { port, .. }) => {
                format!("choose an address of this machine, and a port with {} PORT", port.flag())
            }
            Self::Failed(StartFailure::Crashed { log, .. }) => format!("the whole log is {log}"),
            Self::Failed(StartFailure::NotReady { log, .. }) => {
                format!("the whole log is {log}; bridge.timeout_sec sets how long to wait")
            }
            Self::Running { .. } => {
                "`loom status` shows it, `loom logs -f` follows it, `loom down` ends it".to_owned()
            }
            Self::OtherSettings { differences, .. } => {
                format!("`{}` changes over, `loom down` ends what runs", restart(differences))
            }
            Self::Orphan { .. } | Self::DoesNotEnd { .. } => "`loom down` ends it".to_owned(),
            Self::Failed(StartFailure::Busy) | Self::Busy => "try again in a moment".to_owned(),
            Self::NothingRuns => "`loom up --detach` starts one".to_owned(),
            Self::State { .. } => "LOOM_STATE_DIR chooses another state folder".to_owned(),
            Self::RolledBack { source, .. } => return source.hint(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_pass_on_what_the_server_said() {
        let ended = |code, signal, asked, killed| Ended { code, signal, asked, killed }.exit_code();
        assert_eq!(ended(Some(0), None, true, false), 0);
        assert_eq!(ended(None, Some(15), true, false), 0);
        assert_eq!(ended(None, Some(15), false, false), 143);
        assert_eq!(ended(None, Some(9), true, true), 137);
        assert_eq!(ended(Some(3), None, false, false), 3);
        assert_eq!(ended(Some(3), None, true, false), 3);
    }
}
