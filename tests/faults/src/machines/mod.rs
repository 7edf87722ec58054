//! Machines that fail as a whole: a disk without space or inodes, a read-only mount, a clock that jumps, an overlay.
//!
//! | file | holds |
//! |---|---|
//! | `namespace` | runs the harness in a mount namespace of its own |
//! | `mount` | a file system that is mounted on a folder until it is dropped |
//! | `small_disk` | each size of a disk, and each number of inodes, at which a command does not finish |
//! | `read_only` | each folder that a command needs, read-only |
//! | `clock` | a jump of the clock at each time that a command asks for it |
//! | `overlay` | a store in the lower layer of an overlay, and failing system calls there |

mod clock;
mod mount;
pub(crate) mod namespace;
mod overlay;
mod read_only;
mod small_disk;

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::{
    run::{Looms, Run},
    scenario::Scenario,
    survival,
    tally::{Outcome, Tally},
    world::{Area, World},
};

/// Kinds of machines that are tried at the same time.
const JOBS: usize = 2;

/// The columns of the table, and what tries them.
const KINDS: [(&str, TryKind); 5] = [
    ("full disk", small_disk::space),
    ("no inodes", small_disk::inodes),
    ("read-only", read_only::folders),
    ("clock", clock::jumps),
    ("overlay", overlay::faults),
];

type TryKind = fn(&Trial<'_>, &mut dyn FnMut(&str, Result<(), String>)) -> Outcome;

/// A scenario on one kind of machine.
#[derive(Debug)]
struct Trial<'a> {
    looms: &'a Looms,
    scenario: &'a Scenario,
    area: &'a Area,
    template: &'a World,
    every: usize,
    offset: usize,
}

impl Trial<'_> {
    /// The command may fail on such a machine, with a message and one of the documented codes; what is there stays
    /// complete. Answers whether it succeeded.
    fn runs(&self, world: &World) -> Result<Run, String> {
        let run = world.line(self.looms, self.scenario.command).map_err(|e| e.to_string())?;
        run.untyped().map_or(Ok(()), Err)?;
        survival::intact(self.looms, world, self.scenario)
            .map_err(|why| format!("{why} after {run}"))?;
        Ok(run)
    }

    /// On a sound machine, the next command completes.
    fn completes(&self, world: &World) -> Result<(), String> {
        survival::complete(self.looms, world, self.scenario)
    }
}

/// Tries every `every`-th point of each scenario on each kind of machine.
pub(crate) fn run(
    looms: &Looms,
    scenarios: &[Scenario],
    every: usize,
    offset: usize,
) -> Outcome<Tally> {
    let columns = KINDS.map(|(name, _)| name);
    let tally = Mutex::new(Tally::new("Failing machines", &columns));
    let tasks: Vec<_> =
        scenarios.iter().flat_map(|scenario| KINDS.map(|kind| (scenario, kind))).collect();
    let tasks = Mutex::new(tasks.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..JOBS {
            scope.spawn(|| {
                loop {
                    let next = lock(&tasks).next();
                    let Some((scenario, (column, kind))) = next else { break };
                    let (start, mut points) = (Instant::now(), 0);
                    let mut count = |point: &str, result: Result<(), String>| {
                        points += 1;
                        let result = result.map_err(|why| format!("{column}, {point}: {why}"));
                        lock(&tally).count(scenario.name, column, result);
                    };
                    if let Err(error) = try_kind(looms, scenario, kind, (every, offset), &mut count)
                    {
                        count("begin", Err(error.to_string()));
                    }
                    let seconds = start.elapsed().as_secs_f64();
                    println!("{:18} {column:10} {points:5} points, {seconds:6.1} s", scenario.name);
                }
            });
        }
    });
    Ok(tally.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn try_kind(
    looms: &Looms,
    scenario: &Scenario,
    kind: TryKind,
    (every, offset): (usize, usize),
    count: &mut dyn FnMut(&str, Result<(), String>),
) -> Outcome {
    let area = Area::new()?;
    let template = World::prepare(area.path("template"), scenario, looms)?;
    let (area, template) = (&area, &template);
    kind(&Trial { looms, scenario, area, template, every, offset }, count)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
