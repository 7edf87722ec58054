//! Why a runtime did not become ready.

use serde::{Deserialize, Serialize};

use super::{port_owner::PortOwner, server_exit::ServerExit, spawn_obstacle::SpawnObstacle};

/// One of the two ports that a runtime listens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuntimePort {
    /// The port of the gRPC bridge.
    Bridge,
    /// The port of the dashboard.
    Dashboard,
}

impl std::fmt::Display for RuntimePort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Bridge => "bridge",
            Self::Dashboard => "dashboard",
        })
    }
}

/// Why a runtime did not become ready, as its supervisor reports it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StartFailure {
    /// Another supervisor holds the lock of the instance.
    #[error("another runtime of this project is running")]
    Busy,
    /// Another process listens on the address.
    #[error("the {port} address {address} is in use{}", owner.as_ref().map(|o| format!(" by {o}")).unwrap_or_default())]
    PortTaken {
        /// Which port.
        port: RuntimePort,
        /// The requested address.
        address: String,
        /// The process that listens there, where it could be found.
        owner: Option<PortOwner>,
    },
    /// Bridge and dashboard are to listen on the same port.
    #[error("the bridge and the dashboard cannot both listen on {address}")]
    SamePort {
        /// The requested address of the one that comes second.
        address: String,
    },
    /// No socket can listen on the address.
    #[error("could not listen on the {port} address {address}: {why}")]
    Listen {
        /// Which port.
        port: RuntimePort,
        /// The requested address.
        address: String,
        /// The error of the operating system.
        why: String,
    },
    /// The program could not be executed.
    #[error("could not start {program}: {why}{}", obstacle.map(|it| format!("; {it}")).unwrap_or_default())]
    Spawn {
        /// The path of the program.
        program: String,
        /// The error of the operating system.
        why: String,
        /// What is behind it.
        #[serde(default)]
        obstacle: Option<SpawnObstacle>,
    },
    /// The server exited before it was ready.
    #[error("{program} exited before it was ready ({ended})")]
    Crashed {
        /// The name and the version of the program.
        program: String,
        /// How its process ended.
        ended: ServerExit,
        /// The path of its log.
        log: String,
        /// The last lines of the log.
        tail: Vec<String>,
    },
    /// The server did not become ready in time, and was stopped.
    #[error("{program} was not ready within {seconds} s: {why}")]
    NotReady {
        /// The name and the version of the program.
        program: String,
        /// The time limit.
        seconds: u64,
        /// The check that still failed.
        why: String,
        /// The path of its log.
        log: String,
        /// The last lines of the log.
        tail: Vec<String>,
    },
    /// A stop was requested before the server was ready.
    #[error("{program} was stopped before it was ready{}", ended.map(|it| format!(" ({it})")).unwrap_or_default())]
    Stopped {
        /// The name and the version of the program.
        program: String,
        /// How its process ended; `None` in the report of an earlier version.
        #[serde(default)]
        ended: Option<ServerExit>,
        /// The path of its log.
        #[serde(default)]
        log: String,
    },
    /// The supervisor could not read or write the files of the instance.
    #[error("{act}: {why}")]
    State {
        /// What failed, on which file.
        act: String,
        /// The error of the operating system.
        why: String,
    },
}

impl StartFailure {
    /// Whether it may be the release that is to blame: another one, started in the same way, may become ready.
    pub fn is_of_release(&self) -> bool {
        match self {
            Self::Spawn { .. } | Self::Crashed { .. } | Self::NotReady { .. } => true,
            Self::Busy
            | Self::PortTaken { .. }
            | Self::SamePort { .. }
            | Self::Listen { .. }
            | Self::Stopped { .. }
            | Self::State { .. } => false,
        }
    }

    /// The path of the log of the server, and its last lines, where it had one.
    pub fn log(&self) -> Option<(&str, &[String])> {
        match self {
            Self::Crashed { log, tail, .. } | Self::NotReady { log, tail, .. } => Some((log, tail)),
            _ => None,
        }
    }

    /// The same failure, with the log at another path.
    #[must_use]
    pub fn with_log(mut self, path: String) -> Self {
        if let Self::Crashed { log, .. } | Self::NotReady { log, .. } = &mut self {
            *log = path;
        }
        self
    }
}
