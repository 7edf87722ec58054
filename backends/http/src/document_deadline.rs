//! [`DocumentDeadline`]: when a small document has to be whole.

use std::time::Duration;

use loom_source::{SourceErrorKind, TransferPhase};
use tokio::time::Instant;

/// Each time that this many bytes have arrived, the document may take the timeout once more: a long document over a slow
/// line is sound, some bytes a second are not.
const STEP: u64 = 256 * 1024;

/// The deadline of a small document such as a checksum file. A part of it is of no use, and neither is
/// slow progress: without a limit, a few bytes a second would keep the next source from being asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DocumentDeadline {
    /// When the first bytes have to be here, by the [process's clock](loom_source::process_clock).
    pub(crate) first: Instant,
    /// The timeout that was set.
    pub(crate) timeout: Duration,
}

impl DocumentDeadline {
    /// When the document has to be whole, or the next part of it here, after this many bytes have arrived.
    pub(crate) fn after(&self, received: u64) -> Instant {
        let steps = u32::try_from(received / STEP).unwrap_or(u32::MAX);
        self.first + self.timeout.saturating_mul(steps).min(Duration::from_secs(24 * 3600))
    }

    /// The error of a document that takes too long.
    pub(crate) fn error(&self) -> SourceErrorKind {
        SourceErrorKind::Stalled { phase: TransferPhase::Document, timeout: self.timeout }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_documents_have_more_time() {
        let (first, timeout) = (Instant::now(), Duration::from_secs(10));
        let deadline = DocumentDeadline { first, timeout };
        for (received, steps) in [(0, 0), (STEP - 1, 0), (STEP, 1), (10 * STEP + 1, 10)] {
            assert_eq!(deadline.after(received), first + timeout * steps, "{received}");
        }
        assert!(deadline.after(u64::MAX) > first);
    }
}
