//! Notices a source whose newest version is older than the newest before.

use loom_source::{Product, Version};

use crate::{
    acquire::{AcquireError, state::highest},
    sources::Candidate,
    state::StateDir,
};

/// Compares the newest version at a source with the newest version that `latest` led to before, which is returned.
///
/// # Errors
/// [`AcquireError::Downgrade`] where the source's version is older and that is not `allowed`; [`AcquireError::State`]
/// where the state folder cannot be read.
pub fn check_downgrade(
    state: &StateDir,
    candidate: &Candidate,
    product: &Product,
    newest: &Version,
    allowed: bool,
) -> Result<Option<Version>, AcquireError> {
    let before = highest::load(state, product)?;
    match before {
        Some(before) if before > *newest && !allowed => Err(AcquireError::Downgrade {
            source_name: candidate.name.clone(),
            offered: newest.clone(),
            before,
        }),
        before => Ok(before),
    }
}
