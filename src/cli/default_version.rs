//! The default version of a user: its generations, and what takes precedence over it.

use std::time::SystemTime;

use loom_base::error_chain;
use loom_source::{Product, Slot};

use super::{CommandError, context::Context, project_scope::ProjectScope};
use loom_runtime::{
    acquire::chosen,
    config::{Resolved, SettingOrigin},
    launch::{self, FinishedSwitch},
    state::StateDir,
    store::{Installed, Store},
    update::UpdateMemory,
};

/// Notes the releases that runtimes were switched to and that are no generations yet, because the process that was to note
/// them was killed; and the default version, where it was installed after it was chosen.
pub(crate) fn settle(context: &Context, state: &StateDir, store: &Store, product: &Product) {
    let settled = launch::settle_switches(state, &UpdateMemory::key(product), |switch| {
        let Some(installed) = switched_to(store, product, switch) else { return true };
        let noted = store.record_generation(&installed, switch.at);
        if let Err(error) = &noted {
            let version = &switch.version;
            context.printer.warning(format!(
                "the switch to {version} was not noted as a generation: {}",
                error_chain(error)
            ));
        }
        noted.is_ok()
    });
    if let Err(error) = settled {
        let why = error_chain(&error);
        context.printer.warning(format!("switches were not noted as generations: {why}"));
    }
    note_chosen(state, store, product);
}

/// Notes the version that `loom use` chose before it was installed, and that is installed by now. What cannot be read is told
/// by the commands that need it.
fn note_chosen(state: &StateDir, store: &Store, product: &Product) {
    let Ok(Some(slot)) = chosen::load(state, &product.authority, &product.binary) else { return };
    let Ok(generations) = store.generations(product) else { return };
    if generations.current().is_none_or(|now| now.slot != slot)
        && let Ok(Some(installed)) = store.find(&product.in_slot(slot))
    {
        // What cannot be noted is tried by the next command again. `loom use` has warned of it.
        let _ = store.record_generation(&installed, SystemTime::now());
    }
}

/// The release of a switch; `None` where it is no longer installed.
fn switched_to(store: &Store, product: &Product, switch: &FinishedSwitch) -> Option<Installed> {
    let release = product.in_slot(switch.version.parse().ok()?);
    let installed = store.find(&release).ok()??;
    (Some(installed.tree.to_string()) == switch.tree).then_some(installed)
}

/// Notes that a release is the current one of the user. Where that cannot be noted, `loom rollback` does not find it.
pub(crate) fn record(context: &Context, store: &Store, installed: &Installed) {
    if let Err(error) = store.record_generation(installed, SystemTime::now()) {
        context.printer.warning(format!(
            "this version was not noted as a generation, so `loom rollback` will not find it: {}",
            error_chain(&error)
        ));
    }
}

/// Whether the version is selected by `loom use` or by default, and not by an option, a variable, a file or a lock.
pub(crate) fn is_selected(resolved: &Resolved, is_locked: bool) -> bool {
    resolved.bridge.version.origin == SettingOrigin::Default && !is_locked
}

/// Says so where the project sets another version, or where a runtime of the project runs from another one.
pub(crate) fn warn_of_others(
    context: &Context,
    resolved: &Resolved,
    slot: &Slot,
) -> Result<(), CommandError> {
    let version = &resolved.bridge.version;
    if !version.origin.is_default() {
        context.printer.warning(format!(
            "{} sets the version {} for this project, which takes precedence",
            version.origin, version.value
        ));
        return Ok(());
    }
    let scope = ProjectScope::of(context)?;
    let running = launch::running(&scope.state, scope.scope(false))?;
    let is_other = |instance: &launch::Instance| {
        instance.kind == launch::LaunchKind::Up
            && instance.document.binary == scope.binary
            && instance.document.version != slot.to_string()
    };
    if let Some(other) = running.iter().find(|instance| is_other(instance)) {
        context.printer.message(format!(
            "the runtime of this project runs {}; `loom restart` replaces it, and starts it again if {slot} does not \
             become ready",
            other.document.version
        ));
    }
    Ok(())
}
