//! Machines that fail as a whole: a disk without space or inodes, a read-only mount, a clock that jumps, an overlay.
//!
//! | file | holds |
//! |---|---|
//! | `namespace` | runs the harness in a mount namespace of its own |
//! | `mount` | a file system that is mounted on a folder until it is dropped |
//! | `small_disk` | each size of a disk, and each number of inodes, at which a command does not finish |
//! | `read_only` | each folder that a command needs, read-only |
//! | `clock` | a jump of the clock at each time that a command asks for it |
//! | `trial` | a scenario on one kind of machine |
//! | `overlay` | a store in the lower layer of an overlay, and failing system calls there |

mod clock;
mod mount;
pub(crate) mod namespace;
mod overlay;
mod read_only;
mod small_disk;
mod trial;

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use self::trial::Trial;
use crate::{
    run::Looms,
    scenario::Scenario,
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
