//! The newest version that `latest` led to, so that a source that goes back is noticed. A version counts once it was
//! served and verified: what a source only lists is not kept, or anyone who lists a version could block all others.
//!
//! Kept in `latest/` of the state folder, one file per product.

use loom_source::{Product, Version};
use serde::{Deserialize, Serialize};

use crate::state::{StateDir, StateError, StateFile};

#[derive(Serialize, Deserialize)]
struct HighestVersion {
    version: Version,
}

fn file(state: &StateDir, product: &Product) -> StateFile {
    let Product { authority, binary, platform } = product;
    state.file(format!("latest/{authority}@{binary}@{platform}.json"))
}

/// The newest version that `latest` led to; `None` where it has led to none.
pub(in crate::acquire) fn load(
    state: &StateDir,
    product: &Product,
) -> Result<Option<Version>, StateError> {
    Ok(file(state, product).read_document::<HighestVersion>()?.map(|highest| highest.version))
}

/// Keeps the version that `latest` led to now.
pub(in crate::acquire) fn save(
    state: &StateDir,
    product: &Product,
    version: &Version,
) -> Result<(), StateError> {
    file(state, product).write_document(&HighestVersion { version: version.clone() })
}
