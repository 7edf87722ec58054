//! A world in the lower layer of an overlay, as in a container: the command, and some of its system calls, which fail.

use super::{mount::Mount, trial::Trial};
use crate::{
    calls::{trace_points, try_often},
    copy,
    points::Point,
    tally::Outcome,
    world::World,
};

/// Of the system calls, one of this number fails.
const OF_CALLS: usize = 10;

/// Runs the command in overlays.
pub(super) fn faults(
    trial: &Trial<'_>,
    count: &mut dyn FnMut(&str, Result<(), String>),
) -> Outcome {
    let (layers, world) = (trial.area.path("layers"), World::at(trial.area.path("world")));
    let fresh = || -> Outcome<Mount> {
        copy::remove(&layers)?;
        Mount::overlay(trial.template.root(), &layers, world.root())
    };
    let Ok(mounted) = fresh() else {
        println!("{}: not tested: this system does not allow an overlay", trial.scenario.name);
        return Ok(());
    };
    world.adopt(trial.template)?;
    let points = trace_points(trial.looms, &world, trial.scenario)?;
    drop(mounted);
    count("no fault", Ok(()));
    let chosen = points.into_iter().skip(trial.offset % trial.every);
    let chosen: Vec<Point> = chosen.step_by(trial.every * OF_CALLS).collect();
    for point in chosen {
        let mut mounted = None;
        let mut reset = || {
            // The old one goes before the new one comes.
            drop(mounted.take());
            mounted = Some(fresh()?);
            world.adopt(trial.template)
        };
        match try_often(trial.looms, &mut reset, &world, trial.scenario, &point) {
            Ok(false) => {}
            result => count(&point.to_string(), result.map(drop)),
        }
    }
    Ok(())
}
