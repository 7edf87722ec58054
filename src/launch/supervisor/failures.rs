//! Why a supervisor's server did not become ready.

use super::Supervisor;
use crate::launch::{ServerExit, StartFailure, log};

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
