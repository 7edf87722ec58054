//! Asks the sources which versions they have beside the one that is used.

use loom_source::{Product, Selector, Version};

use super::{CommandError, context::Context, ready, selection::Selection};
use loom_runtime::{
    acquire::{self, AcquireError, FailureReason, NewerQuery, NewerVersions},
    config::Resolved,
    sources::{OpenedSources, SourceClass},
    update::UpdateMemory,
};

/// Asks the sources now which versions they have for `selector`. Cargo builds are not asked.
///
/// # Errors
/// Where no source has a version for the selector, and one failed.
pub(crate) fn ask(
    context: &Context,
    resolved: &Resolved,
    product: &Product,
    selector: &Selector,
    current: Option<&Version>,
) -> Result<NewerVersions, CommandError> {
    let OpenedSources { mut candidates, .. } = context.open_sources(resolved, false)?;
    candidates.retain(|candidate| candidate.class != SourceClass::Build);
    let state = &resolved.state_dir.value;
    let rolled_back = UpdateMemory::of(state, product).rolled_back()?;
    let skipped: Vec<Version> = rolled_back.into_iter().map(|known| known.version).collect();
    let policy = ready::policy(resolved)?;
    let options = ready::options(resolved, &Selection::default());
    let query = NewerQuery { product, selector, current, skipped: &skipped };
    let mut found = acquire::newer_versions(&candidates, state, &policy, &options, query)?;
    if found.source.is_none() && !found.failed.is_empty() {
        let release = format!("{} {selector} {}", product.binary, product.platform);
        return Err(AcquireError::Unserved {
            release,
            reason: FailureReason::Unreachable,
            attempts: std::mem::take(&mut found.failed),
            unverified: false,
        }
        .into());
    }
    Ok(found)
}
