//! Whether what signed mirrors publish is still valid, by what the state folder holds of them.

use std::time::{Duration, SystemTime};

use loom_base::time::age_in_words;

use super::check::DoctorCheck;
use crate::cli::{
    context::Context, report::source_error::unanswered, trust::mirror_roots::status_text,
};
use loom_runtime::{
    config::Resolved,
    sources::{Candidate, MirrorStatus},
};

const NAME: &str = "signed mirror";

/// How long before its end a root or an index is reported.
const NEAR: Duration = Duration::from_secs(7 * 24 * 3600);

/// A check for each mirror for which a root is known.
pub(super) fn all(context: &Context, resolved: &Resolved) -> Vec<DoctorCheck> {
    // Sources that cannot be opened are reported by their own checks.
    let Ok(opened) = context.open_sources(resolved, false) else { return Vec::new() };
    let now = SystemTime::now();
    let checked = |candidate: &Candidate| match candidate.signed.as_ref()?.status() {
        Ok(status) => Some(check(&candidate.name, &status?, now)),
        Err(error) => Some(DoctorCheck::error(NAME, unanswered(&error))),
    };
    opened.candidates.iter().filter_map(checked).collect()
}

fn check(source: &str, status: &MirrorStatus, now: SystemTime) -> DoctorCheck {
    let message = format!("{source}: {}", status_text(status));
    let Some(index) = status.index else {
        let hint = "`loom list --remote` reads the index, which a release needs";
        return DoctorCheck::warning(NAME, message).hint(hint);
    };
    // A timestamp lives for a day or two: it is near its end where less than a quarter of its time is left.
    let lifetime = index.expires.duration_since(index.issued).unwrap_or_default();
    let ends = [
        ("root", status.expires, NEAR, "the holders of its root have to publish a new one"),
        (
            "index",
            index.expires,
            NEAR.min(lifetime / 4),
            "the maintainer of the mirror has to renew it: `loom mirror index URL --refresh`",
        ),
    ];
    for (what, expires, _, hint) in ends {
        if expires <= now {
            let message = format!("{message}; the {what} has expired, and selects no version");
            return DoctorCheck::failure(NAME, message).hint(hint);
        }
    }
    for (what, expires, near, hint) in ends {
        let left = expires.duration_since(now).unwrap_or_default();
        if left < near {
            let message = format!("{message}; the {what} expires in {}", age_in_words(left));
            return DoctorCheck::warning(NAME, message).hint(hint);
        }
    }
    DoctorCheck::ok(NAME, message)
}
