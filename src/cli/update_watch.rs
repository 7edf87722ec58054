//! How the supervisor of a runtime looks for newer releases: `loom` with a hidden command.

use std::{ffi::OsString, path::Path};

use loom_source::{Release, Slot};

use super::{CommandError, check_update, context::Context, global::Global};
use loom_runtime::{
    config::{Resolved, UpdatePolicy},
    launch::UpdateWatch,
    update::UpdateMemory,
};

/// What a supervisor needs to look for newer releases than `release`; `None` where none are looked for. `loom` is the path
/// of this program.
pub(crate) fn of(
    context: &Context,
    resolved: &Resolved,
    release: &Release,
    loom: &Path,
) -> Result<Option<UpdateWatch>, CommandError> {
    let update = &resolved.update;
    if update.policy.value == UpdatePolicy::Off || release.slot == Slot::Dev {
        return Ok(None);
    }
    Ok(Some(UpdateWatch {
        command: command(context, loom)?,
        interval: update.check_interval.value,
        window: update.window.value,
        keeps_sockets: update.policy.value == UpdatePolicy::Auto,
        product: UpdateMemory::key(&release.product()),
    }))
}

/// The program with the global options of this run, whose paths are made absolute: it is started in the project's folder.
fn command(context: &Context, loom: &Path) -> Result<Vec<OsString>, CommandError> {
    let cwd = context.cwd()?;
    let Global { offline, cache_dir, config, binary, .. } = &context.global;
    let mut command: Vec<OsString> = vec![loom.into()];
    if *offline {
        command.push("--offline".into());
    }
    for (option, path) in [("--cache-dir", cache_dir), ("--config", config)] {
        if let Some(path) = path {
            command.extend([option.into(), cwd.join(path).into()]);
        }
    }
    if let Some(binary) = binary {
        command.extend(["--binary".into(), binary.to_string().into()]);
    }
    command.push(check_update::NAME.into());
    Ok(command)
}
