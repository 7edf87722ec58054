//! Whether more than the source that served a release vouches for it.

use super::CommandError;
use loom_runtime::{
    store::{Installed, Store},
    trust::{Grade, Policy, Voucher},
};

/// Whether something vouches for the release besides the source that served it and the time when it was first seen: the
/// first sight of a new release is no proof of its origin.
pub(crate) fn is_identified(
    store: &Store,
    installed: &Installed,
    policy: &Policy,
) -> Result<bool, CommandError> {
    let verification = store.verification(&installed.release)?;
    let digests = verification.filter(|verification| verification.tree == installed.tree);
    let digests = digests.map(|verification| verification.digests).unwrap_or_default();
    Ok(digests.iter().any(|digest| {
        let counts = digest.grade == Grade::Identity && digest.by != Voucher::FirstSeen;
        counts && policy.accepts(&installed.release, std::slice::from_ref(digest)).is_ok()
    }))
}
