//! [`ReleaseCheck`]: the process that looks for a newer release, as it talks to the supervisor.

use std::io::{self, BufRead, Write};

use super::protocol::{CheckReport, CheckRequest, SWITCHED};
use crate::launch::system;

/// The conversation of the process that looks for a newer release with its supervisor.
#[derive(Debug)]
pub struct ReleaseCheck<R, W> {
    input: R,
    output: W,
}

impl<R: BufRead, W: Write> ReleaseCheck<R, W> {
    /// Reads the request of the supervisor. Closes all descriptors but the standard streams: the lock of the instance and
    /// the lease of its tree belong to the supervisor and its server alone.
    ///
    /// # Errors
    /// Where `input` holds no request.
    pub fn begin(mut input: R, output: W) -> io::Result<(CheckRequest, Self)> {
        system::close_inherited(None);
        let mut line = String::new();
        input.read_line(&mut line)?;
        let request = serde_json::from_str(&line)?;
        Ok((request, Self { input, output }))
    }

    /// Answers the supervisor.
    ///
    /// # Errors
    /// Where the supervisor is gone.
    pub fn report(&mut self, report: &CheckReport) -> io::Result<()> {
        let mut line = serde_json::to_vec(report)?;
        line.push(b'\n');
        self.output.write_all(&line)?;
        self.output.flush()
    }

    /// Waits until the supervisor has switched to the release, or given it up: whether it has switched. The caller holds
    /// the lease until then.
    pub fn is_switched(mut self) -> bool {
        let mut line = String::new();
        self.input.read_line(&mut line).is_ok() && line.trim() == SWITCHED
    }
}
