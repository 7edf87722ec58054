//! Why a supervisor's server did not become ready.

use std::io;

use super::{ServerExit, StartFailure, Supervisor, log};
use crate::state::StateError;

/// The number of log lines that a failure shows.
const TAIL: usize = 20;

impl Supervisor {
    pub(super) fn crashed(&self, ended: ServerExit) -> StartFailure {
        let log = self.folder.log();
        StartFailure::Crashed {
            program: self.request.binary.clone(),
            ended,
            tail: log::tail(&log, TAIL).unwrap_or_default(),
            log: log.display().to_string(),
        }
    }

    pub(super) fn not_ready(&self, why: String) -> StartFailure {
        let log = self.folder.log();
        StartFailure::NotReady {
            program: self.request.binary.clone(),
            seconds: self.request.ready_timeout.as_secs(),
            why,
            tail: log::tail(&log, TAIL).unwrap_or_default(),
            log: log.display().to_string(),
        }
    }
}

pub(super) fn io_failure(act: &str, error: &io::Error) -> StartFailure {
    StartFailure::State { act: format!("could not {act}"), why: error.to_string() }
}

pub(super) fn state_failure(error: StateError) -> StartFailure {
    let why = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    StartFailure::State { act: error.to_string(), why }
}
