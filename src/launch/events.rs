//! The events that make a supervisor act: commands of the process that started it, signals, and control requests.

use std::{
    io::{self, BufRead},
    time::Instant,
};

use loom_base::{StopRequest, StopRequests};
use tokio::sync::mpsc;

use super::{control::SupervisorEvent, signals::EndSignals};

/// The starter's command that lets the server outlive the starter.
pub(super) const STAY: &str = "stay";
/// The starter's command to stop the server.
pub(super) const STOP: &str = "stop";
/// The starter's command to kill the server.
pub(super) const KILL: &str = "kill";

/// Turns the lines that the starter writes after the [`StartRequest`](super::start_request::StartRequest) into events.
pub(super) fn listen_to_starter(
    input: impl BufRead + Send + 'static,
    events: mpsc::UnboundedSender<SupervisorEvent>,
) {
    std::thread::spawn(move || {
        for command in input.lines().map_while(Result::ok) {
            let _ = events.send(match command.as_str() {
                STAY => SupervisorEvent::Released { stay: true },
                STOP => SupervisorEvent::Stop { now: false },
                KILL => SupervisorEvent::Stop { now: true },
                _ => continue,
            });
        }
        let _ = events.send(SupervisorEvent::Released { stay: false });
    });
}

/// Turns signals into events: the first one stops the server, one that follows after a second or later
/// kills it.
pub(super) fn listen_to_signals(events: mpsc::UnboundedSender<SupervisorEvent>) -> io::Result<()> {
    let mut signals = EndSignals::listen()?;
    tokio::spawn(async move {
        let mut requests = StopRequests::default();
        loop {
            signals.next().await;
            let now = match requests.meaning(Instant::now()) {
                StopRequest::Stop => false,
                StopRequest::Repeated => continue,
                StopRequest::Kill => true,
            };
            let _ = events.send(SupervisorEvent::Stop { now });
        }
    });
    Ok(())
}

/// Returns when the server is to end. `exit_with_starter` says whether that is the case when the starter goes away,
/// and changes when the starter lets the server stay. While the server is not ready yet (`starting`), a request to
/// yield ends it for good.
pub(super) async fn end_requested(
    events: &mut mpsc::UnboundedReceiver<SupervisorEvent>,
    exit_with_starter: &mut bool,
    yielding: &mut bool,
    starting: bool,
) {
    while let Some(event) = events.recv().await {
        match event {
            SupervisorEvent::Stop { .. } => return,
            SupervisorEvent::Yield => {
                *yielding = !starting;
                return;
            }
            SupervisorEvent::Released { stay: true } => *exit_with_starter = false,
            SupervisorEvent::Released { stay: false } if *exit_with_starter => return,
            _ => {}
        }
    }
    std::future::pending::<()>().await;
}
