//! [`supervise()`]: the entry point of the supervisor process.

use std::io::{self, BufRead, Write};

use tokio::sync::mpsc;

use super::{
    events::{listen_to_signals, listen_to_starter},
    start_request::StartRequest,
    supervisor::Supervisor,
    system,
};

/// Runs a supervisor: reads a launch from `input`, reports to `output`, and returns when the server has ended.
///
/// The supervisor has its own session and none of its starter's streams but two pipes: from one it reads the launch,
/// then the commands of the starter; the end of that pipe means that the starter is gone. To the other it writes its
/// reports. It inherited the lease of the server's tree, which it never closes and the server inherits in turn; it
/// closes all other descriptors that its starter's caller had open.
///
/// Only for the hidden command that [`Launcher`](super::Launcher) names: it takes the whole process over.
///
/// # Errors
/// Where `input` does not hold a launch, or the process cannot start a runtime or handle signals.
pub fn supervise(
    mut input: impl BufRead + Send + 'static,
    output: impl Write + 'static,
) -> io::Result<()> {
    system::own_session();
    let mut line = String::new();
    input.read_line(&mut line)?;
    let request: StartRequest = serde_json::from_str(&line)?;
    drop(line);
    system::close_inherited(request.lease);
    let (events, received) = mpsc::unbounded_channel();
    listen_to_starter(input, events.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        listen_to_signals(events.clone())?;
        let lock = Supervisor::new(request, events, received, Box::new(output)).run().await;
        // The system closes the lock when the process ends, after the lease, which has a lower descriptor.
        std::mem::forget(lock);
        Ok(())
    })
}
