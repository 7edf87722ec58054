//! Which version is requested where no lock file decides.

use loom_source::{Product, Selector, Slot};

use super::{CommandError, Exit, default_version};
use loom_runtime::{
    acquire::chosen::{self, ChosenBy},
    config::Resolved,
};

/// The error of a command that does not find the version which `loom use` or `loom rollback` chose, with where that is kept
/// and how it is changed; other errors as they are.
pub(crate) fn with_choice(
    resolved: &Resolved,
    product: &Product,
    (selector, is_locked): (&Selector, bool),
    error: CommandError,
) -> CommandError {
    if error.code != Exit::Absent.code() || !default_version::is_selected(resolved, is_locked) {
        return error;
    }
    let (state, Product { authority, binary, .. }) = (&resolved.state_dir.value, product);
    // Nothing but the hint depends on it.
    let chosen = chosen::load_with_command(state, authority, binary).ok().flatten();
    let Some((slot, by)) = chosen.filter(|(slot, _)| is_meant(selector, slot)) else {
        return error;
    };
    let file = chosen::path(state, authority, binary);
    error.also(format!(
        "{slot} is the default version, which {} chose ({}): `loom use VERSION` chooses another one, `loom use --none` the \
         latest",
        command(by),
        file.display()
    ))
}

fn is_meant(selector: &Selector, slot: &Slot) -> bool {
    match (selector, slot) {
        (Selector::Exact(version), Slot::Version(chosen)) => version == chosen,
        (Selector::Dev, Slot::Dev) => true,
        _ => false,
    }
}

fn command(by: ChosenBy) -> &'static str {
    match by {
        ChosenBy::Use => "`loom use`",
        ChosenBy::Rollback => "`loom rollback`",
    }
}

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
    Ok((selector, command(by).to_owned()))
}
