//! What it means when no source decides what a selector means.

use std::time::Duration;

use loom_base::time::ago;
use loom_source::{Product, Selector};

use crate::{
    acquire::{AcquireError, SourceAttempt, failover::plan::FailureReason},
    store::AttemptKind,
    trust::Policy,
};

/// The error of a search that no source and no installed version decided.
pub(super) fn unresolved(
    product: &Product,
    selector: &Selector,
    policy: &Policy,
    attempts: Vec<SourceAttempt>,
) -> AcquireError {
    let release = format!("{} {selector} {}", product.binary, product.platform);
    let kind = |kind| attempts.iter().any(|attempt| attempt.record.kind == kind);
    let offline = kind(AttemptKind::NotAsked) || kind(AttemptKind::Offline);
    let unlistable = kind(AttemptKind::Unlistable) || kind(AttemptKind::NotAsked);
    let reason = attempts.iter().filter_map(|attempt| reason(attempt.record.kind)).max();
    match reason.unwrap_or(FailureReason::Absent) {
        _ if kind(AttemptKind::TooYoung) => AcquireError::TooYoung {
            selector: selector.clone(),
            minimum: policy.minimum_age(),
            attempts,
        },
        reason if offline && reason <= FailureReason::Unreachable => {
            AcquireError::Offline { what: release, here: None, attempts }
        }
        FailureReason::Absent if unlistable => {
            AcquireError::Unlistable { selector: selector.clone(), attempts }
        }
        reason => AcquireError::Unserved { release, reason, attempts, unverified: false },
    }
}

/// The reason that a failed attempt gives for the whole search.
pub(in crate::acquire) fn reason(kind: AttemptKind) -> Option<FailureReason> {
    match kind {
        AttemptKind::Credentials => Some(FailureReason::Credentials),
        AttemptKind::Rejected => Some(FailureReason::Integrity),
        AttemptKind::Unreachable | AttemptKind::Offline => Some(FailureReason::Unreachable),
        _ => None,
    }
}

/// Why an installed version is taken instead of one that a source decided. `age` is that of the youngest cached list.
pub(super) fn why_installed(
    selector: &Selector,
    attempts: &[SourceAttempt],
    age: Option<Duration>,
) -> String {
    if attempts.iter().any(|attempt| attempt.record.kind == AttemptKind::TooYoung) {
        return format!("no version that matches \"{selector}\" is old enough");
    }
    // A source that failed says more than one that has nothing.
    let failed = attempts.iter().find(|attempt| reason(attempt.record.kind).is_some());
    let mut reason = match failed.or(attempts.first()) {
        None => "no source is configured".to_owned(),
        Some(SourceAttempt { record, .. }) => {
            let others = match attempts.len() - 1 {
                0 => String::new(),
                count => format!(", and {count} more"),
            };
            format!("{}: {}{others}", record.source, record.outcome)
        }
    };
    if let Some(age) = age {
        reason.push_str(&format!("; last listed {}", ago(age)));
    }
    format!("could not check for newer versions ({reason})")
}
