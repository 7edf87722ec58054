//! Which version is requested where no lock file decides.

use loom_source::{Product, Selector, Slot};

use super::CommandError;
use loom_runtime::{
    acquire::chosen::{self, ChosenBy},
    config::Resolved,
};

/// The requested version, and the setting that it comes from, for messages: by flag, environment or file, else the one that
/// `loom use` or `loom rollback` chose, else the latest.
pub(crate) fn selector(
    resolved: &Resolved,
    product: &Product,
) -> Result<(Selector, String), CommandError> {
    let version = &resolved.bridge.version;
    if !version.origin.is_default() {
        return Ok((version.value.clone(), version.origin.to_string()));
    }
    let state = &resolved.state_dir.value;
    let Some((slot, by)) = chosen::load_with_command(state, &product.authority, &product.binary)?
    else {
        return Ok((version.value.clone(), "default".to_owned()));
    };
    let selector = match slot {
        Slot::Version(version) => Selector::Exact(version),
        Slot::Dev => Selector::Dev,
    };
    let by = match by {
        ChosenBy::Use => "`loom use`",
        ChosenBy::Rollback => "`loom rollback`",
    };
    Ok((selector, by.to_owned()))
}
