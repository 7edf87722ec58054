//! [`ReadLimits`]: the time limits for reads from a plugin.

use std::{io, time::Duration};

use loom_source::{SourceError, SourceErrorKind, TransferPhase, process_clock};
use tokio::time::Instant;

use crate::options::PluginOptions;

/// The time limits for reads from a plugin.
#[derive(Debug)]
pub(crate) struct ReadLimits {
    /// The name of the plugin in messages.
    label: String,
    /// The longest time without progress.
    timeout: Duration,
    /// The end of the total timeout and the timeout itself; `None` where there is no limit.
    total: Option<(Instant, Duration)>,
}

impl ReadLimits {
    /// The limits for one request, which begins now.
    pub(crate) fn start(options: &PluginOptions) -> Self {
        let total = options.total_timeout.map(|total| (process_clock::now() + total, total));
        Self { label: options.label(), timeout: options.timeout, total }
    }

    /// The longest time without progress.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The time by which a read that begins now has to finish, without the total timeout.
    pub(crate) fn deadline(&self) -> Instant {
        process_clock::now() + self.timeout
    }

    /// The result of `read`, which has to finish by `deadline` and within the total timeout.
    ///
    /// # Errors
    /// [`SourceErrorKind::Stalled`] or [`SourceErrorKind::TotalTimeout`] where the time has passed, and
    /// [`SourceErrorKind::Read`] where the read failed.
    pub(crate) async fn within<T>(
        &self,
        phase: TransferPhase,
        deadline: Instant,
        read: impl Future<Output = io::Result<T>>,
    ) -> Result<T, SourceError> {
        let (ends, timed_out) = match self.total {
            Some((ends, timeout)) if ends < deadline => {
                (ends, SourceErrorKind::TotalTimeout { timeout })
            }
            _ => (deadline, SourceErrorKind::Stalled { phase, timeout: self.timeout }),
        };
        match process_clock::before(ends, read).await {
            Some(read) => read.map_err(|source| SourceError::read(&self.label, source)),
            None => Err(SourceError::new(&self.label, timed_out)),
        }
    }
}
