//! Where a supervisor says what became of its server.

use std::io::{self, Write};

use tokio::sync::oneshot;

use super::control::StartReport;

/// Where it is reported what became of the server: to who started it, later to who had it started again.
pub(super) enum Reporter {
    Pipe(Box<dyn Write>),
    Reply(Option<oneshot::Sender<StartReport>>),
}

impl Reporter {
    pub(super) fn say(&mut self, report: StartReport) {
        match self {
            // Who does not listen any more is not to end us.
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
