//! One run for each system call that changes the world, and for each fault at it.

use std::{
    os::unix::ffi::OsStrExt as _,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::{
    injection::TracedRun,
    points::{Fault, Point},
    run::Looms,
    scenario::Scenario,
    survival::{self, complete},
    tally::{Outcome, Tally},
    trace::CHANGING,
    world::{Area, World},
};

/// Runs that are done at the same time.
const JOBS: usize = 2;

/// How often a point is tried whose call was not met.
const ATTEMPTS: u32 = 4;

/// The points that were not met; they are counted neither as tried nor as survived.
const MISSED: &str = "missed";

/// Tries every `every`-th point of each scenario.
pub(crate) fn run(
    looms: &Looms,
    scenarios: &[Scenario],
    every: usize,
    offset: usize,
) -> Outcome<Tally> {
    let mut tally = Tally::new("Failing system calls", &Fault::NAMES);
    for scenario in scenarios {
        let (start, before) = (Instant::now(), tally.tried());
        if let Err(error) = try_scenario(looms, scenario, every, offset, &mut tally) {
            tally.count(scenario.name, "begin", Err(error.to_string()));
        }
        let (tried, seconds) = (tally.tried() - before, start.elapsed().as_secs_f64());
        println!("{:18} {tried:5} points, {seconds:6.1} s", scenario.name);
    }
    Ok(tally)
}

fn try_scenario(
    looms: &Looms,
    scenario: &Scenario,
    every: usize,
    offset: usize,
    tally: &mut Tally,
) -> Outcome {
    let area = Area::new()?;
    let template = World::prepare(area.path("template"), scenario, looms)?;
    let world = World::at(area.path("world-0"));
    world.reset(&template)?;
    let points = trace_points(looms, &world, scenario)?;
    let chosen: Vec<Point> = points.into_iter().skip(offset % every).step_by(every).collect();
    let shared = Mutex::new((chosen.into_iter(), tally));
    std::thread::scope(|scope| {
        for job in 0..JOBS {
            let (world, template, shared) =
                (World::at(area.path(&format!("world-{job}"))), &template, &shared);
            scope.spawn(move || {
                loop {
                    let next = lock(shared).0.next();
                    let Some(point) = next else { break };
                    let mut reset = || world.reset(template);
                    let result = try_often(looms, &mut reset, &world, scenario, &point);
                    let result = result.map_err(|why| format!("{point}: {why}"));
                    let column = match &result {
                        Ok(false) => MISSED,
                        _ => point.fault.name(),
                    };
                    lock(shared).1.count(scenario.name, column, result.map(drop));
                }
            });
        }
    });
    Ok(())
}

/// Runs a scenario to its end, and returns all points at which it could fail.
pub(crate) fn trace_points(
    looms: &Looms,
    world: &World,
    scenario: &Scenario,
) -> Outcome<Vec<Point>> {
    let traced = TracedRun::of(looms, world, scenario, CHANGING, None)?;
    match traced.run {
        Some(run) if run.code == Some(0) => {}
        run => return Err(format!("{}: {run:?}", scenario.name).into()),
    }
    complete(looms, world, scenario).map_err(|why| format!("{}: {why}", scenario.name))?;
    Ok(Point::all(&traced.calls, world.root().as_os_str().as_bytes()))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tries a point until the fault meets the call that it is meant for: in programs with threads, the numbers vary. `reset`
/// makes the world in which the scenario begins.
pub(crate) fn try_often(
    looms: &Looms,
    reset: &mut dyn FnMut() -> Outcome,
    world: &World,
    scenario: &Scenario,
    point: &Point,
) -> Result<bool, String> {
    for _ in 0..ATTEMPTS {
        reset().map_err(|error| error.to_string())?;
        if try_point(looms, world, scenario, point)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One run with a fault, and what is left of it; answers whether the fault met the call.
fn try_point(
    looms: &Looms,
    world: &World,
    scenario: &Scenario,
    point: &Point,
) -> Result<bool, String> {
    let traced = TracedRun::of(looms, world, scenario, point.call(), Some(point))
        .map_err(|error| error.to_string())?;
    if !traced.met(world, point) {
        return Ok(false);
    }
    let run = traced.run.ok_or("it did not end")?;
    match point.fault {
        Fault::Kill if run.signal == Some(9) || run.code == Some(137) => {}
        Fault::Kill => return Err(format!("it was not killed: {run}")),
        _ if point.must_succeed() && run.code != Some(0) => return Err(run.to_string()),
        _ => run.untyped().map_or(Ok(()), Err)?,
    }
    survival::intact(looms, world, scenario)?;
    complete(looms, world, scenario)?;
    Ok(true)
}
