//! Which version is requested where no lock file decides.

use loom_source::{Product, Selector, Slot};

use super::CommandError;
use loom_runtime::{acquire, config::Resolved};

/// The requested version: by flag, environment or file, else the one that `loom use` chose, else the latest.
pub(crate) fn selector(resolved: &Resolved, product: &Product) -> Result<Selector, CommandError> {
    if !resolved.bridge.version.origin.is_default() {
        return Ok(resolved.bridge.version.value.clone());
    }
    let state = &resolved.state_dir.value;
    let chosen = acquire::chosen::load(state, &product.authority, &product.binary)?;
    Ok(match chosen {
        Some(Slot::Version(version)) => Selector::Exact(version),
        Some(Slot::Dev) => Selector::Dev,
        None => resolved.bridge.version.value.clone(),
    })
}

/// The setting that a selector comes from, for messages.
pub(crate) fn origin(resolved: &Resolved, selector: &Selector) -> String {
    let origin = &resolved.bridge.version.origin;
    match (origin.is_default(), selector) {
        (false, _) => origin.to_string(),
        (true, Selector::Latest) => "default".to_owned(),
        (true, _) => "`loom use`".to_owned(),
    }
}
