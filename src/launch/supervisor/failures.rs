//! Why a supervisor's server did not become ready.

use super::Supervisor;
use crate::launch::{ServerExit, StartFailure, log};

/// The number of log lines that a failure shows.
const TAIL: usize = 20;

impl Supervisor {
    pub(super) fn crashed(&self, ended: ServerExit) -> StartFailure {
        let log = self.folder.log();
        StartFailure::Crashed {
            program: self.request.named(),
            ended,
            tail: log::tail(&log, TAIL).unwrap_or_default(),
            log: log.display().to_string(),
        }
    }

    pub(super) fn stopped(&self, ended: ServerExit) -> StartFailure {
        let (program, log) = (self.request.named(), self.folder.log().display().to_string());
        StartFailure::Stopped { program, ended: Some(ended), log }
    }

    pub(super) fn not_ready(&self, why: String) -> StartFailure {
        let log = self.folder.log();
        StartFailure::NotReady {
            program: self.request.named(),
            seconds: self.request.ready_timeout.as_secs(),
            why,
            tail: log::tail(&log, TAIL).unwrap_or_default(),
            log: log.display().to_string(),
        }
    }
}
