//! Notices a source whose newest version is older than the newest before.

use loom_source::{Product, Version};

use super::resolution::Compared;
use crate::{
    acquire::{AcquireError, state::highest},
    sources::Candidate,
    state::StateDir,
};

/// Compares the newest version at a source with the newest version that `latest` led to before.
///
/// An older one is in order where it is `allowed`, where the version before is one of those that are `skipped` here, and where the signed index of the mirror withdraws the version before.
/// That index is read only where the source would be refused without it.
///
/// # Errors
/// [`AcquireError::Downgrade`] where the source's version is older, for no such reason; [`AcquireError::State`] where the
/// state folder cannot be read.
pub async fn check_downgrade(
    state: &StateDir,
    candidate: &Candidate,
    product: &Product,
    newest: &Version,
    skipped: &[Version],
    allowed: bool,
) -> Result<Compared, AcquireError> {
    let before = highest::load(state, product)?;
    let went_back = |before: &&Version| *before > newest && !skipped.contains(before);
    let Some(higher) = before.as_ref().filter(went_back) else {
        return Ok(Compared { before, lowers: allowed });
    };
    if allowed || candidate.withdraws(&product.at_version(higher.clone())).await {
        return Ok(Compared { before, lowers: true });
    }
    Err(AcquireError::Downgrade {
        source_name: candidate.name.clone(),
        offered: newest.clone(),
        before: higher.clone(),
    })
}
