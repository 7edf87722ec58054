//! Waiting for the end of something in the foreground, with an ear for signals.

use std::{
    io::{self, Write},
    time::Duration,
};

use super::{log::LogFollower, system};

/// How often a log is looked at for new lines.
const LOOK: Duration = Duration::from_millis(50);

/// What happens while waiting.
pub(super) enum Sign {
    /// From now on signals are heard instead of ending this process.
    Listening,
    /// A signal that asks this process to end; its number.
    Signal(i32),
}

/// Waits for `end`, which blocks, and tells `on` what happens meanwhile; copies what `shown` has to show.
pub(super) fn attach<T: Send + 'static>(
    end: impl FnOnce() -> T + Send + 'static,
    mut on: impl FnMut(Sign),
    mut shown: Option<(LogFollower, &mut dyn Write)>,
) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = system::EndSignals::listen()?;
        on(Sign::Listening);
        let mut end = tokio::task::spawn_blocking(end);
        loop {
            // Nobody reads any more: that is no reason to end. The first look opens a log that may soon be removed.
            if shown.as_mut().is_some_and(|(log, out)| show(log, *out).is_err()) {
                shown = None;
            }
            let ended = tokio::select! {
                ended = &mut end => Some(ended),
                number = signals.next() => {
                    on(Sign::Signal(number));
                    None
                }
                () = tokio::time::sleep(LOOK), if shown.is_some() => None,
            };
            if let Some(ended) = ended {
                if let Some((log, out)) = &mut shown {
                    let _ = show(log, *out);
                }
                return ended.map_err(io::Error::other);
            }
        }
    })
}

fn show(log: &mut LogFollower, out: &mut dyn Write) -> io::Result<()> {
    log.copy_to(out)?;
    out.flush()
}
