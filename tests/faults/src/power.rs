//! Loses the power at every operation of a scenario, in every way that is allowed, and judges what is left.

use std::{
    sync::{Mutex, PoisonError, mpsc},
    time::Instant,
};

use loom_runtime::store::Store;

use crate::{
    copy,
    crash_states::{self, COLUMNS, CrashState},
    disk::{Disk, ROOT},
    injection::TracedRun,
    recording::{RECORDED, Recording},
    run::Looms,
    scenario::Scenario,
    survival,
    tally::{Outcome, Tally},
    tree_check,
    world::{Area, World},
};

/// States that are judged at the same time.
const JOBS: usize = 2;

/// Tries every `every`-th state of each scenario, and the next command in every `next`-th of these.
pub(crate) fn run(
    looms: &Looms,
    scenarios: &[Scenario],
    every: usize,
    offset: usize,
    next: usize,
) -> Outcome<Tally> {
    let mut tally = Tally::new("Lost power", &COLUMNS);
    for scenario in scenarios {
        let (start, before) = (Instant::now(), tally.tried());
        let area = Area::new()?;
        let recording = record(looms, scenario, &area)?;
        let (send, receive) = mpsc::sync_channel::<(usize, CrashState)>(64);
        let (receive, shared) = (Mutex::new(receive), Mutex::new(&mut tally));
        std::thread::scope(|scope| {
            for _ in 0..JOBS {
                scope.spawn(|| {
                    loop {
                        let state = lock(&receive).recv();
                        let Ok((number, state)) = state else { break };
                        let world = World::at(area.path(&format!("state-{number}")));
                        let runs_next = number % (every * next) == offset;
                        let result = judge(looms, scenario, &world, &state, runs_next);
                        let result = result.map_err(|why| format!("{}: {why}", state.what));
                        lock(&shared).count(scenario.name, state.column, result);
                    }
                });
            }
            let mut number = 0;
            crash_states::all(&recording, |state| {
                number += 1;
                if number % every == offset || state.is_last {
                    // The receivers live until this sender is dropped.
                    let _ = send.send((number, state));
                }
            });
            drop(send);
        });
        let (tried, seconds) = (tally.tried() - before, start.elapsed().as_secs_f64());
        let operations = recording.operations.len();
        println!(
            "{:18} {operations:5} operations, {tried:6} states, {seconds:6.1} s",
            scenario.name
        );
    }
    Ok(tally)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the command of a scenario, and records what it does.
fn record(looms: &Looms, scenario: &Scenario, area: &Area) -> Outcome<Recording> {
    let world = World::prepare(area.path("world"), scenario, looms)?;
    let disk = Disk::read(world.root())?;
    let traced = TracedRun::of(looms, &world, scenario, RECORDED, None)?;
    if traced.run.as_ref().is_none_or(|run| run.code != Some(0)) {
        return Err(format!("{}: {:?}", scenario.name, traced.run).into());
    }
    Recording::of(disk, world.root(), &traced.calls)
        .map_err(|why| format!("{}: {why}", scenario.name).into())
}

/// Writes a state to a folder, and judges it.
fn judge(
    looms: &Looms,
    scenario: &Scenario,
    world: &World,
    state: &CrashState,
    runs_next: bool,
) -> Result<(), String> {
    state.disk.write(ROOT, world.root()).map_err(|error| error.to_string())?;
    let result = survives(looms, scenario, world, state, runs_next);
    copy::remove(world.root()).map_err(|error| error.to_string())?;
    result
}

fn survives(
    looms: &Looms,
    scenario: &Scenario,
    world: &World,
    state: &CrashState,
    runs_next: bool,
) -> Result<(), String> {
    if !scenario.is_damaged {
        tree_check::links(&world.cache())?;
        let report = Store::open(&world.cache()).and_then(|store| store.verify());
        let report = report.map_err(|error| format!("store verify: {error}"))?;
        if !report.findings.is_empty() {
            return Err(format!("store verify: {:?}", report.findings));
        }
    }
    if state.is_last && scenario.is_durable {
        // What was reported is there after a loss of power.
        survival::done(looms, world, scenario)?;
    }
    if runs_next {
        survival::intact(looms, world, scenario)?;
        survival::complete(looms, world, scenario)?;
    }
    Ok(())
}
