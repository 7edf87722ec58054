//! The end of an export that takes too long.

use std::time::Duration;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use tokio::runtime::Handle;

/// How long the last exports may take when the server stops.
pub(super) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);
/// How much longer than its timeout an export may take: the library ends most by itself, with the reason.
const MARGIN: Duration = Duration::from_secs(1);

/// Ends an export that takes longer than its timeout, whatever it waits for: the library has no limit for connecting.
#[derive(Debug, Clone)]
pub(super) struct ExportDeadline {
    runtime: Handle,
    limit: Duration,
}

impl ExportDeadline {
    /// A limit of the given time and a second. To be called within the async runtime, whose clock it uses.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { runtime: Handle::current(), limit: timeout + MARGIN }
    }

    /// The result of the export, or an error at the deadline.
    pub(super) async fn limit(&self, export: impl Future<Output = OTelSdkResult>) -> OTelSdkResult {
        // Exports run on threads without a clock of their own: the timer begins on the runtime.
        let limit = self.limit;
        let expired = self.runtime.spawn(async move { tokio::time::sleep(limit).await });
        let clock = expired.abort_handle();
        let result = tokio::select! {
            biased;
            result = export => result,
            _ = expired => Err(OTelSdkError::Timeout(self.limit)),
        };
        clock.abort();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_export_on_another_thread_ends() {
        let deadline = ExportDeadline::new(Duration::from_millis(5));
        let (results, mut ended) = tokio::sync::mpsc::unbounded_channel();
        std::thread::spawn(move || {
            futures::executor::block_on(async {
                _ = results.send(deadline.limit(async { Ok(()) }).await);
                _ = results.send(deadline.limit(std::future::pending()).await);
            });
        });
        assert!(ended.recv().await.unwrap().is_ok());
        let limit = Duration::from_millis(1005);
        let expired = ended.recv().await.unwrap();
        assert!(matches!(expired, Err(OTelSdkError::Timeout(at)) if at == limit), "{expired:?}");
    }
}
