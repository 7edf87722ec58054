//! What is remembered of an acquisition that brought nothing.

use std::time::{Instant, SystemTime};

use loom_source::{Product, Selector, Slot};

use super::{AcquireError, Acquired, Acquirer, outcome::milliseconds};
use crate::store::{Failed, receipt::rfc3339};

impl Acquirer<'_> {
    /// Writes the receipt of a failure, or forgets the one of an earlier failure. Neither keeps a run from its end:
    /// a store that cannot be written has been told of, or serves all the same.
    pub(super) fn conclude(
        &self,
        line: &Product,
        selector: &Selector,
        slot: Option<&Slot>,
        begun: Instant,
        result: &Result<Acquired, AcquireError>,
    ) {
        let kept = match result {
            Ok(Acquired { installed, .. }) => {
                let slot = &installed.release.slot;
                self.store.forget_failures(line, &selector.to_string(), slot)
            }
            Err(error) if error.is_verdict() => {
                self.store.note_failure(line, self.failed_receipt(selector, slot, begun, error))
            }
            Err(_) => Ok(()),
        };
        drop(kept);
    }

    fn failed_receipt(
        &self,
        selector: &Selector,
        slot: Option<&Slot>,
        begun: Instant,
        error: &AcquireError,
    ) -> Failed {
        Failed {
            wanted: selector.to_string(),
            slot: slot.map(ToString::to_string),
            at: rfc3339(SystemTime::now()),
            message: error.to_string(),
            hint: error.hint(),
            policy: serde_json::to_value(self.policy).unwrap_or_default(),
            ms: milliseconds(begun.elapsed()),
            attempts: error.attempts().to_vec(),
        }
    }
}
