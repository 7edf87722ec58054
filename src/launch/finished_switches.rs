//! Releases that runtimes were switched to, for the generations of the user.

use std::time::SystemTime;

use loom_base::time::parse_rfc3339;

use super::{
    LaunchError,
    instance_folder::InstanceFolder,
    query::query,
    updates::{SwitchPhase, SwitchRecord},
};
use crate::state::StateDir;

/// A release that a runtime was switched to, and that is not noted as a generation yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedSwitch {
    /// The version of the release.
    pub version: String,
    /// The digest of its tree, in hexadecimal.
    pub tree: Option<String>,
    /// When it was ready.
    pub at: SystemTime,
}

/// Calls `record` for each release that a runtime of `state` was switched to and that is not noted as a generation yet, the
/// oldest first. `product` is the key of the product. A release for which `record` answers false stays to be noted.
///
/// # Errors
/// [`LaunchError::State`] where the state folder cannot be read.
pub fn settle_switches(
    state: &StateDir,
    product: &str,
    mut record: impl FnMut(&FinishedSwitch) -> bool,
) -> Result<(), LaunchError> {
    let mut finished = Vec::new();
    for folder in InstanceFolder::all(state)? {
        let Some(switch) = SwitchRecord::read(&folder) else { continue };
        if switch.product != product {
            continue;
        }
        if switch.phase != SwitchPhase::Done {
            // Settles it where the supervisor is gone.
            query(&folder)?;
        }
        // Two processes do not note the same switch one after the other: between them, the user may have gone back.
        let lock = folder.switch_file().lock(&mut || {})?;
        if let Some(switch) = SwitchRecord::read(&folder)
            && switch.phase == SwitchPhase::Done
        {
            finished.push((switch, folder, lock));
        }
    }
    finished.sort_by(|(one, ..), (other, ..)| one.at.cmp(&other.at));
    for (SwitchRecord { version, tree, at, .. }, folder, _lock) in finished {
        let at = parse_rfc3339(&at).unwrap_or_else(SystemTime::now);
        if record(&FinishedSwitch { version, tree, at }) {
            folder.switch_file().remove()?;
        }
    }
    Ok(())
}
