//! Many processes that do random things with one store at the same time.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    dice::Dice,
    run::{Looms, Run},
    scenario::Scenario,
    survival,
    tally::{Outcome, Tally},
    tree_check,
    world::{Area, World},
};

/// A command, and the exit codes that it may have beside others.
type RandomLine = (&'static str, &'static [i32]);

/// What the processes do. A release may be absent, because another process removed it (3), and in use (9).
const LINES: &[RandomLine] = &[
    ("get 0.1.0 --source {plain}", &[0]),
    ("get 0.2.0 --source {plain}", &[0]),
    ("get 0.3.0 --source {plain}", &[0]),
    ("get 0.2.0 --force-download --source {plain}", &[0, 9]),
    ("which --version 0.1.0", &[0, 3]),
    ("which --version 0.2.0", &[0, 3]),
    ("use 0.2.0", &[0, 3]),
    ("remove 0.1.0", &[0, 3, 9]),
    ("remove 0.2.0", &[0, 3, 9]),
    ("store gc", &[0, 9]),
    ("store verify", &[0]),
    ("list", &[0]),
    ("store du", &[0]),
];

/// Runs `count` processes at a time for this long.
pub(crate) fn run(looms: &Looms, count: usize, time: Duration, seed: u64) -> Outcome<Tally> {
    let area = Area::new()?;
    let scenario = Scenario::new("processes", "get 0.3.0 --source {plain}");
    let world = World::prepare(area.path("world"), &scenario, looms)?;
    let codes: Mutex<BTreeMap<String, usize>> = Mutex::default();
    let tally = Mutex::new(Tally::new("Many processes", &["runs"]));
    let end = Instant::now() + time;
    std::thread::scope(|scope| {
        for process in 0..count {
            let (world, codes, tally) = (&world, &codes, &tally);
            let mut dice = Dice::new(seed.wrapping_mul(1000) + process as u64);
            scope.spawn(move || {
                while Instant::now() < end {
                    let line = dice.one_of(LINES);
                    let (code, result) = one(looms, world, *line);
                    *lock(codes).entry(format!("{}: exit {code:?}", line.0)).or_default() += 1;
                    lock(tally).count(line.0, "runs", result);
                }
            });
        }
    });
    for (line, number) in lock(&codes).iter() {
        println!("{number:7} {line}");
    }
    let mut tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    let left = survival::intact(looms, &world, &scenario)
        .and_then(|()| survival::complete(looms, &world, &scenario));
    tally.count("afterwards: store verify, get", "runs", left);
    Ok(tally)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One command, and what must be so after it whatever the others do.
fn one(looms: &Looms, world: &World, line: RandomLine) -> (Option<i32>, Result<(), String>) {
    let run = match world.line(looms, line.0) {
        Ok(run) => run,
        Err(error) => return (None, Err(error.to_string())),
    };
    (run.code, judge(world, line, &run))
}

fn judge(world: &World, (line, codes): RandomLine, run: &Run) -> Result<(), String> {
    if let Some(untyped) = run.untyped() {
        return Err(untyped);
    }
    if run.code.is_none_or(|code| !codes.contains(&code)) {
        return Err(run.to_string());
    }
    if run.code == Some(0) && (line.starts_with("get") || line.starts_with("which")) {
        whole(world, Path::new(run.out.trim()))?;
    }
    Ok(())
}

/// What a link leads to is the complete program, or the link is gone: another process removed the release.
fn whole(world: &World, link: &Path) -> Result<(), String> {
    let Ok(bytes) = std::fs::read(link) else { return Ok(()) };
    let text = String::from_utf8_lossy(&bytes);
    if !text.starts_with("#!/bin/sh\n") || !text.ends_with('\n') || text.lines().count() != 3 {
        return Err(format!("{} leads to {text:?}", link.display()));
    }
    // A tree that is being removed is read by name; only one that is still linked has to be complete.
    match tree_check::links(&world.cache()) {
        Err(why) if link.exists() && tree_check::links(&world.cache()).is_err() => Err(why),
        _ => Ok(()),
    }
}
