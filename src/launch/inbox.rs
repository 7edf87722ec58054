//! What makes a supervisor act: the words of who started it, signals, callers.

use std::io::{self, BufRead};

use tokio::sync::mpsc;

use super::{control::SupervisorEvent, system};

/// What who started the supervisor may say after the [`Spec`]: that the server may outlive it,
pub(super) const STAY: &str = "stay";
/// that it is to end,
pub(super) const STOP: &str = "stop";
/// and at once.
pub(super) const KILL: &str = "kill";

pub(super) fn listen_to_starter(
    input: impl BufRead + Send + 'static,
    events: mpsc::UnboundedSender<SupervisorEvent>,
) {
    std::thread::spawn(move || {
        for word in input.lines().map_while(Result::ok) {
            let _ = events.send(match word.as_str() {
                STAY => SupervisorEvent::Released { kept: true },
                STOP => SupervisorEvent::Stop { now: false },
                KILL => SupervisorEvent::Stop { now: true },
                _ => continue,
            });
        }
        let _ = events.send(SupervisorEvent::Released { kept: false });
    });
}

pub(super) fn listen_to_signals(events: mpsc::UnboundedSender<SupervisorEvent>) -> io::Result<()> {
    let mut signals = system::EndSignals::listen()?;
    tokio::spawn(async move {
        let mut now = false;
        loop {
            signals.next().await;
            let _ = events.send(SupervisorEvent::Stop { now });
            now = true;
        }
    });
    Ok(())
}

/// Returns when the server is to end. `early`: who started us waits for it to be ready and has not said that it
/// may stay.
pub(super) async fn told_to_end(
    events: &mut mpsc::UnboundedReceiver<SupervisorEvent>,
    tied: &mut bool,
    yielding: &mut bool,
    early: bool,
) {
    while let Some(event) = events.recv().await {
        match event {
            SupervisorEvent::Stop { .. } => return,
            SupervisorEvent::Yield => {
                *yielding = !early;
                return;
            }
            SupervisorEvent::Released { kept: true } => *tied = false,
            SupervisorEvent::Released { kept: false } if *tied => return,
            _ => {}
        }
    }
    std::future::pending::<()>().await;
}
