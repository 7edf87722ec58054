//! A read-only mount: the world, its store, its state, its project, its mirror.

use super::{mount::Mount, trial::Trial};
use crate::{tally::Outcome, world::World};

/// Folders that a command may write.
const FOLDERS: [&str; 4] = ["", "home/.cache/loom", "home/.local/state/loom", "project"];

/// Makes each folder read-only in turn.
pub(super) fn folders(
    trial: &Trial<'_>,
    count: &mut dyn FnMut(&str, Result<(), String>),
) -> Outcome {
    let folders = FOLDERS.into_iter().chain(trial.scenario.mirror);
    for folder in folders.skip(trial.offset % trial.every).step_by(trial.every) {
        let world = World::at(trial.area.path("world"));
        world.reset(trial.template)?;
        let mounted = Mount::read_only(&world.path(folder))?;
        let result = trial.runs(&world);
        drop(mounted);
        count(folder, result.and_then(|_| trial.completes(&world)));
    }
    Ok(())
}
