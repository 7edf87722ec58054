//! A cargo build as receipts name it.

use loom_base::time::format_rfc3339_nanos;
use loom_source::BuildInfo;

use crate::store::BuildReceipt;

/// The build in a receipt. Two builds with equal values are the same build.
pub(super) fn build_receipt(build: &BuildInfo) -> BuildReceipt {
    BuildReceipt {
        profile: build.profile.clone(),
        // With nanoseconds: a build may be followed by another one within a second.
        built: format_rfc3339_nanos(build.built),
        commit: build.commit.clone(),
        checkout: build.checkout.display().to_string(),
    }
}
