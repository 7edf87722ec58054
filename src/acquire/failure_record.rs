//! Keeps a failed acquisition for `loom why`.

use std::time::{Instant, SystemTime};

use loom_base::time::format_rfc3339;
use loom_source::{Product, Selector, Slot};

use super::{AcquireError, Acquired, SourceAttempt, attempt::milliseconds};
use crate::{
    store::{FailureRecord, Store},
    trust::Policy,
};

/// One acquisition, as far as its failure is kept.
pub(super) struct AcquireRequest<'a> {
    pub(super) product: &'a Product,
    pub(super) selector: &'a Selector,
    /// The slot that the selector resolved to, where it resolved.
    pub(super) slot: Option<&'a Slot>,
    pub(super) policy: &'a Policy,
    /// When the acquisition began.
    pub(super) begun: Instant,
}

/// Keeps a failure, or removes the failures that a success settles. Neither changes the result of the acquisition: a
/// store that cannot be written has been reported, or serves all the same.
pub(super) fn keep_outcome(
    store: &Store,
    request: &AcquireRequest<'_>,
    result: &Result<Acquired, AcquireError>,
    advice: Option<String>,
) {
    let product = request.product;
    let kept = match result {
        Ok(Acquired { installed, .. }) => {
            let slot = &installed.release.slot;
            store.forget_failures(product, &request.selector.to_string(), slot)
        }
        Err(error) if error.is_verdict() => {
            store.keep_failure(product, failure_record(request, error, advice))
        }
        Err(_) => Ok(()),
    };
    drop(kept);
}

fn failure_record(
    request: &AcquireRequest<'_>,
    error: &AcquireError,
    advice: Option<String>,
) -> FailureRecord {
    let record = |attempt: &SourceAttempt| attempt.record.clone();
    FailureRecord {
        requested: request.selector.to_string(),
        slot: request.slot.map(ToString::to_string),
        at: format_rfc3339(SystemTime::now()),
        message: error.to_string(),
        hint: advice,
        policy: serde_json::to_value(request.policy).unwrap_or_default(),
        ms: milliseconds(request.begun.elapsed()),
        attempts: error.attempts().iter().map(record).collect(),
    }
}
