//! Signals that stop the server.

use std::{io, time::Instant};

use loom_base::{StopRequest, StopRequests};

/// Waits for SIGTERM and SIGINT.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    requests: StopRequests,
}

#[cfg(unix)]
impl Signals {
    /// Replaces the default action of the signals, which ends the process.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { terminate, interrupt, requests: StopRequests::default() })
    }

    /// Waits for the next signal that is no repetition of the first. Returns the exit code of a process that the signal
    /// has ended: 128 plus its number.
    pub async fn next(&mut self) -> u8 {
        loop {
            let code = tokio::select! {
                _ = self.terminate.recv() => 143,
                _ = self.interrupt.recv() => 130,
            };
            if self.requests.meaning(Instant::now()) != StopRequest::Repeated {
                return code;
            }
        }
    }
}

/// Waits for Ctrl+C.
#[cfg(not(unix))]
#[derive(Debug, Default)]
pub struct Signals {
    requests: StopRequests,
}

#[cfg(not(unix))]
impl Signals {
    /// Replaces the default action of Ctrl+C, which ends the process.
    ///
    /// # Errors
    /// None on this system.
    pub fn listen() -> io::Result<Self> {
        Ok(Self::default())
    }

    /// Waits for the next Ctrl+C that is no repetition of the first. Returns the exit code of a process that SIGINT has
    /// ended elsewhere.
    pub async fn next(&mut self) -> u8 {
        loop {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            if self.requests.meaning(Instant::now()) != StopRequest::Repeated {
                return 130;
            }
        }
    }
}
