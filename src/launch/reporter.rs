//! Where a supervisor reports how its server fares.

use std::io::{self, Write};

use tokio::sync::oneshot;

use super::control::StartReport;

/// The receiver of the supervisor's reports.
pub(super) enum Reporter {
    /// The pipe to the process that started the supervisor.
    Pipe(Box<dyn Write>),
    /// The reply to a request to start the server again; `None` once it was sent.
    Reply(Option<oneshot::Sender<StartReport>>),
}

impl Reporter {
    /// Sends `report`. A receiver that is gone does not end the supervisor.
    pub(super) fn report(&mut self, report: StartReport) {
        match self {
            Self::Pipe(pipe) => {
                let _ = serde_json::to_writer(&mut *pipe, &report).map_err(io::Error::from);
                let _ = pipe.write_all(b"\n").and_then(|()| pipe.flush());
            }
            Self::Reply(reply) => {
                if let Some(reply) = reply.take() {
                    let _ = reply.send(report);
                }
            }
        }
    }
}
