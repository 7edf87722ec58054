//! Loses the power at every operation of a scenario, in every way that is allowed, and judges what is left.

use std::{
    sync::{Mutex, PoisonError, mpsc},
    time::Instant,
};

use loom_runtime::store::Store;

use crate::{
    copy,
    crash_states::{self, COLUMNS, CrashState, ForgottenSync},
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

/// The folder of the world whose changes are recorded.
const RECORDED_WORLD: &str = "world";

/// States that are judged at the same time.
const JOBS: usize = 2;

/// Which states are tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StateChoice {
    /// Every state of this number.
    pub(crate) every: usize,
    /// The first one.
    pub(crate) offset: usize,
    /// Of these, the next command runs in every one of this number.
    pub(crate) next: usize,
    /// The syncs that are taken out of the recording.
    pub(crate) forgotten: Option<ForgottenSync>,
}

/// Tries states of each scenario.
pub(crate) fn run(looms: &Looms, scenarios: &[Scenario], choice: StateChoice) -> Outcome<Tally> {
    let mut tally = Tally::new("Lost power", &COLUMNS);
    for scenario in scenarios {
        let (start, before) = (Instant::now(), tally.tried());
        let operations = match try_scenario(looms, scenario, choice, &mut tally) {
            Ok(operations) => operations,
            Err(error) => {
                tally.count(scenario.name, "begin", Err(error.to_string()));
                continue;
            }
        };
        let (tried, seconds) = (tally.tried() - before, start.elapsed().as_secs_f64());
        println!(
            "{:18} {operations:5} operations, {tried:6} states, {seconds:6.1} s",
            scenario.name
        );
    }
    Ok(tally)
}

/// Tries the states of a scenario; returns the number of its operations.
fn try_scenario(
    looms: &Looms,
    scenario: &Scenario,
    choice: StateChoice,
    tally: &mut Tally,
) -> Outcome<usize> {
    let area = Area::new()?;
    let recording = record(looms, scenario, &area)?;
    let (send, receive) = mpsc::sync_channel::<(usize, CrashState)>(64);
    let (receive, shared) = (Mutex::new(receive), Mutex::new(tally));
    std::thread::scope(|scope| {
        for job in 0..JOBS {
            let world = World::at(area.path(&format!("state-{job}")));
            let (receive, shared) = (&receive, &shared);
            scope.spawn(move || {
                loop {
                    let state = lock(receive).recv();
                    let Ok((number, state)) = state else { break };
                    let runs_next =
                        number % (choice.every * choice.next) == choice.offset % choice.every;
                    let result = judge(looms, scenario, &world, &state, runs_next);
                    let result = result.map_err(|why| format!("{}: {why}", state.what));
                    lock(shared).count(scenario.name, state.column, result);
                }
            });
        }
        let mut number = 0;
        crash_states::all(&recording, choice.forgotten, |state| {
            number += 1;
            if number % choice.every == choice.offset % choice.every || state.is_last {
                // The receivers live until this sender is dropped.
                let _ = send.send((number, state));
            }
        });
        drop(send);
    });
    Ok(recording.operations.len())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the command of a scenario, and records what it does.
fn record(looms: &Looms, scenario: &Scenario, area: &Area) -> Outcome<Recording> {
    let world = World::prepare(area.path(RECORDED_WORLD), scenario, looms)?;
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
    world
        .adopt(&World::at(world.root().with_file_name(RECORDED_WORLD)))
        .map_err(|error| error.to_string())?;
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
    (scenario.always)(world)?;
    if !scenario.is_damaged {
        tree_check::links(&world.cache())?;
        let report = Store::open(&world.cache()).and_then(|store| store.verify());
        let report = report.map_err(|error| format!("store verify: {error}"))?;
        if !report.findings.is_empty() {
            return Err(format!("store verify: {:?}", report.findings));
        }
    }
    if state.is_last {
        // What was reported is there after a loss of power.
        survival::done(looms, world, scenario)?;
    }
    if runs_next {
        survival::intact(looms, world, scenario)?;
        survival::complete(looms, world, scenario)?;
    }
    Ok(())
}
