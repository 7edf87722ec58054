//! What a project that is not trusted may select: nothing older than the newest verified release.

use loom_source::{Product, Version};

use super::AcquireError;
use crate::{store::Store, trust::Policy};

/// Refuses a version that is older than the newest release of the product that is here and accepted. Pre-releases count
/// only against pre-releases.
///
/// # Errors
/// [`AcquireError::Older`] for an older version; [`AcquireError::Store`] where the store cannot be read.
pub fn refuse_older(
    store: &Store,
    product: &Product,
    policy: &Policy,
    version: &Version,
) -> Result<(), AcquireError> {
    let accepted = store.accepted_versions(product, policy)?;
    let counts = |other: &Version| version.is_prerelease() || !other.is_prerelease();
    match accepted.into_iter().filter(counts).max() {
        Some(newest) if newest > *version => {
            Err(AcquireError::Older { version: version.clone(), newest })
        }
        _ => Ok(()),
    }
}
