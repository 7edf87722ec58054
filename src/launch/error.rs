//! [`LaunchError`]: why a runtime could not be started, queried or stopped.

use std::{io, path::PathBuf};

use super::{difference::Difference, document::RuntimeDocument, start_failure::StartFailure};
use crate::state::StateError;

/// Why a runtime could not be started, queried, restarted or stopped.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The runtime did not become ready.
    #[error(transparent)]
    Failed(#[from] StartFailure),
    /// A file of the state folder could not be read, written or locked.
    #[error(transparent)]
    State(#[from] StateError),
    /// The operating system has no random bytes to give.
    #[error("could not get random bytes from the operating system")]
    Random {
        /// The error of the operating system.
        source: io::Error,
    },
    /// The supervisor could not be started.
    #[error("could not start the supervisor {}", program.display())]
    Supervisor {
        /// The program that was executed.
        program: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The supervisor ended, or was killed, without reporting how the start went.
    #[error("the supervisor ended without a report")]
    Silent,
    /// This process could not wait for the runtime in the foreground.
    #[error("could not wait for the runtime")]
    Watch {
        /// The error of the operating system.
        source: io::Error,
    },
    /// The launch could not be serialised for the supervisor.
    #[error("could not serialise the launch for the supervisor")]
    Describe(#[source] serde_json::Error),
    /// The runtime of this project runs already, with the requested settings.
    #[error("{} {} is already running (process {})", document.binary, document.version, document.supervisor_pid)]
    Running {
        /// The running runtime.
        document: Box<RuntimeDocument>,
    },
    /// The runtime of this project runs already, with other settings than the requested ones.
    #[error("{} {} is already running with other settings: {}", document.binary, document.version, list(differences))]
    OtherSettings {
        /// The running runtime.
        document: Box<RuntimeDocument>,
        /// The settings that differ.
        differences: Vec<Difference>,
    },
    /// A runtime whose supervisor was killed still runs.
    #[error("a runtime of this project is still running without its supervisor (process {})", document.pid.map_or("unknown".to_owned(), |pid| pid.to_string()))]
    Orphan {
        /// The running runtime.
        document: Box<RuntimeDocument>,
    },
    /// Another process has been starting or stopping the runtime of this project for longer than this one waits.
    #[error("another process is starting or stopping this project's runtime")]
    Busy,
    /// A supervisor did not answer, or sent an answer that does not fit the request.
    #[error("the supervisor of {id} did not answer")]
    Control {
        /// The id of the instance.
        id: String,
        /// The error of the connection.
        source: io::Error,
    },
    /// A runtime was killed and its lock is still held.
    #[error("the runtime {id} did not stop")]
    DoesNotEnd {
        /// The id of the instance.
        id: String,
    },
    /// No runtime of this project runs.
    #[error("no runtime of this project is running")]
    NothingRuns,
    /// The new runtime did not become ready, and the previous one was started again.
    #[error("{}", rolled_back(previous, with_settings.as_deref()))]
    RolledBack {
        /// The runtime that runs now.
        previous: Box<RuntimeDocument>,
        /// Why the new one failed.
        source: Box<LaunchError>,
        /// Why the previous release failed with the settings of the new one, too; `None` where they are those that it runs
        /// with, or do not keep it from becoming ready.
        with_settings: Option<Box<LaunchError>>,
    },
    /// The new runtime did not become ready, and the previous one, which had lost its supervisor, was stopped before.
    #[error("the new runtime failed to start, and nothing runs: the previous one, {} {}, had lost its supervisor and was stopped", previous.binary, previous.version)]
    PreviousEnded {
        /// The runtime that was stopped.
        previous: Box<RuntimeDocument>,
        /// Why the new one failed.
        source: Box<LaunchError>,
    },
    /// Neither the new runtime nor the previous one became ready.
    #[error("the new runtime failed to start, and so did the previous one{} ({again})", if *same_settings { " with the same settings" } else { "" })]
    NothingCameUp {
        /// Why the previous one failed.
        again: Box<LaunchError>,
        /// Whether the previous one was started with the settings of the new one.
        same_settings: bool,
        /// Why the new one failed.
        source: Box<LaunchError>,
    },
}

fn rolled_back(previous: &RuntimeDocument, with_settings: Option<&LaunchError>) -> String {
    let RuntimeDocument { binary, version, .. } = previous;
    match with_settings {
        None => format!(
            "the new runtime failed to start; the previous one, {binary} {version}, runs again"
        ),
        Some(why) => format!(
            "the new runtime failed to start, and so did {binary} {version} with the same settings ({why}); {binary} \
             {version} runs again with the settings before"
        ),
    }
}

fn list(differences: &[Difference]) -> String {
    differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl LaunchError {
    /// The last lines of the server's log, where a log explains the failure.
    pub fn log_tail(&self) -> &[String] {
        match self {
            Self::Failed(
                StartFailure::Crashed { tail, .. } | StartFailure::NotReady { tail, .. },
            ) => tail,
            Self::RolledBack { source, .. }
            | Self::NothingCameUp { source, .. }
            | Self::PreviousEnded { source, .. } => source.log_tail(),
            _ => &[],
        }
    }
}
