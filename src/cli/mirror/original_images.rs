//! The images that a registry has of releases, so that others get them with the same digests.

use std::path::Path;

use crate::cli::{CommandError, context::Context, verbose};
use loom_runtime::{
    acquire::SourceRuntime,
    config::{Resolved, SourceSpec},
    mirror::{ImageParts, StoreRelease},
};

/// The images of releases as the source has them, in files in `folder`; none where it is no registry and no layout.
pub(super) fn of(
    context: &Context,
    resolved: &Resolved,
    from: &SourceSpec,
    releases: &[StoreRelease],
    folder: &Path,
    runtime: &SourceRuntime,
) -> Result<ImageParts, CommandError> {
    let journal = verbose::journal(&context.printer).unwrap_or_default();
    let Some(from) = context.opener(resolved)?.open_images(from, journal)? else {
        return Ok(ImageParts::default());
    };
    Ok(runtime.block_on(ImageParts::of(&from, releases, folder))??)
}
