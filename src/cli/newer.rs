//! Asks the sources which versions they have beside the one that is used.

use loom_source::{Product, Selector, Version};

use super::{CommandError, context::Context, ready, selection::Selection};
use loom_runtime::{
    acquire::{self, AcquireError, NewerQuery, NewerVersions},
    config::Resolved,
    sources::{OpenedSources, SourceClass},
    trust::Policy,
    update::UpdateMemory,
};

/// What is said of a version that the source has withdrawn and that is used.
pub(crate) fn withdrawn_remark(found: &NewerVersions, current: Option<&Version>) -> Option<String> {
    let (source, version) = (found.source.as_ref()?, current.filter(|_| found.withdrawn)?);
    Some(format!("{source}: has withdrawn {version}, which is used"))
}

/// Asks the sources now which versions they have for `selector`, and which of them `policy` selects. Cargo builds are not
/// asked.
///
/// # Errors
/// Where no source has a version for the selector, and one failed.
pub(crate) fn ask(
    context: &Context,
    resolved: &Resolved,
    product: &Product,
    selector: &Selector,
    current: Option<&Version>,
    policy: Policy,
) -> Result<NewerVersions, CommandError> {
    let OpenedSources { mut candidates, .. } = context.open_sources(resolved, false)?;
    candidates.retain(|candidate| candidate.class != SourceClass::Build);
    let state = &resolved.state_dir.value;
    let rolled_back = UpdateMemory::of(state, product).rolled_back()?;
    let skipped: Vec<Version> = rolled_back.into_iter().map(|known| known.version).collect();
    let options = ready::options(resolved, &Selection::default());
    let query = NewerQuery { product, selector, current, skipped: &skipped };
    let mut found = acquire::newer_versions(&candidates, state, &policy, &options, query)?;
    if found.source.is_none() && !found.failed.is_empty() {
        let release = format!("{} {selector} {}", product.binary, product.platform);
        return Err(AcquireError::Unserved {
            release,
            reason: found.failure(),
            attempts: std::mem::take(&mut found.failed),
            unverified: false,
        }
        .into());
    }
    Ok(found)
}
