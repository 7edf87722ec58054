//! The notice of a newer version: at most once a day for a user, and only where a user reads it.

use std::time::SystemTime;

use loom_base::time::format_rfc3339;
use loom_source::Version;

use super::context::Context;
use loom_runtime::{
    config::{Flags, UpdatePolicy},
    update::{LastCheck, UpdateMemory, take_notice, was_told},
};

/// Says that there is a newer version, if the supervisor of a runtime found one and the user was not told today. Nothing
/// is asked and nothing is sent; in CI, with `--quiet` or `--json`, and where stderr is no terminal, nothing is read either.
pub(crate) fn show(context: &Context) {
    let printer = &context.printer;
    let is_read = printer.is_terminal() && !printer.is_quiet() && !printer.is_json();
    if is_read
        && context.env().os("CI").is_none()
        && let Some(text) = text(context)
    {
        printer.message(text);
    }
}

/// The notice; `None` where there is none, or where what is known cannot be read: a command that ends well must not fail
/// because of it.
fn text(context: &Context) -> Option<String> {
    let resolved = context.resolve(Flags::default()).ok()?;
    if resolved.update.policy.value == UpdatePolicy::Off {
        return None;
    }
    let product = context.line(&resolved).ok()?;
    let memory = UpdateMemory::of(&resolved.state_dir.value, &product);
    let LastCheck { at, running, newer } = memory.last_check().ok()??;
    let newer: Version = newer?.parse().ok()?;
    let now = format_rfc3339(SystemTime::now());
    let day = now.split('T').next().unwrap_or_default();
    let state = &resolved.state_dir.value;
    let rolled_back = memory.roll_back_of(&newer).ok()?;
    // A notice that cannot be remembered would come again and again.
    if was_told(state, day).ok()? || !take_notice(state, day).ok()? {
        return None;
    }
    let rolled_back = rolled_back.map(|known| format!("; it was rolled back at {}", known.at));
    Some(format!(
        "{} {newer} is available, {running} ran at the last check ({at}){}; `loom outdated` shows more",
        product.binary,
        rolled_back.unwrap_or_default()
    ))
}
