//! Waiting in the foreground for something to end, while signals are handled.

use std::{
    io::{self, Write},
    time::Duration,
};

use super::{log_follower::LogFollower, signals::EndSignals};

/// How often the log is read for new lines.
const LOG_INTERVAL: Duration = Duration::from_millis(50);

/// Signals that ask this process to end, taken note of from [`listen`](Self::listen) on.
///
/// Whoever tells the user that a runtime is ready listens before: a Ctrl+C that follows at once is then a request to
/// stop the runtime, and does not end this process as during the start.
#[derive(Debug)]
pub struct ForegroundSignals {
    runtime: tokio::runtime::Runtime,
    signals: EndSignals,
}

impl ForegroundSignals {
    /// Replaces the default handling of the signals, which ends the process, for the rest of its life.
    ///
    /// # Errors
    /// Where the operating system refuses a signal handler.
    pub fn listen() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let signals = {
            let _context = runtime.enter();
            EndSignals::listen()?
        };
        Ok(Self { runtime, signals })
    }
}

/// What happens during the wait.
pub(super) enum ForegroundEvent {
    /// From now on, signals are reported instead of ending this process.
    Listening,
    /// A signal that asks this process to end, with its number.
    Signal(i32),
}

/// Waits for `end`, which blocks, and reports signals to `on_event`; copies new lines of the log to its writer.
pub(super) fn attach<T: Send + 'static>(
    signals: ForegroundSignals,
    end: impl FnOnce() -> T + Send + 'static,
    mut on_event: impl FnMut(ForegroundEvent),
    mut log: Option<(LogFollower, &mut dyn Write)>,
) -> io::Result<T> {
    let ForegroundSignals { runtime, mut signals } = signals;
    runtime.block_on(async {
        on_event(ForegroundEvent::Listening);
        let mut end = tokio::task::spawn_blocking(end);
        loop {
            // A reader that is gone is no reason to end. The first copy opens the log, which may be removed soon.
            if log.as_mut().is_some_and(|(log, out)| copy(log, *out).is_err()) {
                log = None;
            }
            let ended = tokio::select! {
                ended = &mut end => Some(ended),
                number = signals.next() => {
                    on_event(ForegroundEvent::Signal(number));
                    None
                }
                () = tokio::time::sleep(LOG_INTERVAL), if log.is_some() => None,
            };
            if let Some(ended) = ended {
                if let Some((log, out)) = &mut log {
                    let _ = copy(log, *out);
                }
                return ended.map_err(io::Error::other);
            }
        }
    })
}

fn copy(log: &mut LogFollower, out: &mut dyn Write) -> io::Result<()> {
    log.copy_to(out)?;
    out.flush()
}
