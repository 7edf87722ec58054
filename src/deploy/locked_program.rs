//! The program of the locked release, by the digest of its tree.

use loom_source::Platform;

use super::DeployError;
use crate::lock::LockedBinary;

/// The folder of the store on the machines that run a unit.
pub(super) const STORE: &str = "/opt/loom";

/// The path of the program in the store below [`STORE`]. A tree's folder is called by its digest, so that the path pins
/// the bytes.
pub(super) fn path(
    locked: Option<&LockedBinary>,
    platform: Platform,
) -> Result<String, DeployError> {
    let locked = locked.ok_or(DeployError::NotLocked)?;
    let tree = locked.platforms.get(&platform).and_then(|platform| platform.tree);
    let tree = tree.ok_or(DeployError::NoTree { platform })?;
    Ok(format!("{STORE}/store/{tree}/{}", locked.name))
}
