//! A clock that jumps by two days, forward or back: at each time that the command asks for it, and before the commands that
//! follow. The clock is that of the program; the file system keeps its own.

use super::trial::Trial;
use crate::{
    shim,
    tally::Outcome,
    world::{Jump, World},
};

const TWO_DAYS: i64 = 2 * 86_400;

/// Lets the clock jump.
pub(super) fn jumps(trial: &Trial<'_>, count: &mut dyn FnMut(&str, Result<(), String>)) -> Outcome {
    shim::build(trial.template.root())?;
    let world = World::at(trial.area.path("world"));
    world.reset(trial.template)?;
    let never = Jump { seconds: 0, after: 0 };
    let run = world.with_jump(never).line(trial.looms, trial.scenario.command)?;
    let asked = shim::asked(world.root())?;
    if run.code != Some(0) {
        return Err(run.to_string().into());
    }
    for seconds in [TWO_DAYS, -TWO_DAYS] {
        for after in (trial.offset % trial.every..=asked).step_by(trial.every) {
            let jump = Jump { seconds, after };
            world.reset(trial.template)?;
            count(&format!("{jump:?}"), one(trial, &world, jump));
        }
    }
    Ok(())
}

/// The clock jumps during the command, and back before the commands that follow; and the command again, as the first of
/// those whose clock is another one.
fn one(trial: &Trial<'_>, world: &World, jump: Jump) -> Result<(), String> {
    let run = trial.runs(&world.with_jump(jump))?;
    if run.code != Some(0) {
        return Err(run.to_string());
    }
    trial.completes(world)?;
    trial.completes(&world.with_jump(Jump { after: 0, ..jump }))
}
