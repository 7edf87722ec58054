//! Runs the program `loom` with failing system calls, lost power and many processes, and judges what is left.
//!
//! | file | does |
//! |---|---|
//! | `scenario` · `scenarios` | what is run: a world to begin with, a command, and what must be so after it |
//! | `world` · `prepared` · `copy` | a home, a project and mirrors in a folder of their own; how a scenario begins; copies |
//! | `archives` | the releases that the mirrors have |
//! | `shim` | a library in the tested program: another clock, another file for its own one |
//! | `run` | runs `loom` in a world |
//! | `trace` | reads the output of strace |
//! | `points` · `injection` | which system calls fail, and how; one run with such a call |
//! | `calls` | one run for each system call and fault |
//! | `disk` · `recording` | a file system as a list of operations; the operations of one run |
//! | `crash_states` | the states that a power failure may leave |
//! | `power` | writes each of these states to a folder and judges it |
//! | `machines` | full disks, read-only mounts, clocks that jump, overlays |
//! | `processes` · `dice` | many processes that do random things at the same time |
//! | `survival` · `tree_check` | what must be so after a fault |
//! | `fuzz` | runs the fuzz targets |
//! | `tally` · `table_file` | counts, and the tables in tests/FAULTS.md |
#![cfg(unix)]
#![allow(clippy::print_stdout, clippy::print_stderr)] // the program reports to a terminal

mod archives;
mod calls;
mod copy;
mod corpora;
mod crash_states;
mod dice;
mod disk;
mod fuzz;
mod fuzz_plan;
mod injection;
mod machines;
mod points;
mod power;
mod prepared;
mod processes;
mod recording;
mod run;
mod scenario;
mod scenarios;
mod shim;
mod survival;
mod table_file;
mod tally;
mod trace;
mod tree_check;
mod world;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    crash_states::ForgottenSync,
    machines::namespace::{self, Place},
    power::StateChoice,
    run::Looms,
    scenario::Scenario,
    tally::Outcome,
};

/// Runs loom with failing system calls, lost power and many processes, and judges what is left.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    kind: Kind,
    /// Run only this scenario; may be repeated.
    #[arg(long, global = true)]
    scenario: Vec<String>,
    /// Try every N-th point only.
    #[arg(long, global = true, default_value_t = 1, value_name = "N")]
    every: usize,
    /// Try the points whose number has this remainder.
    #[arg(long, global = true, default_value_t = 0, value_name = "N")]
    offset: usize,
    /// The program to test [default: the `loom` beside this program].
    #[arg(long, global = true)]
    loom: Option<PathBuf>,
    /// Write the table to this file.
    #[arg(long, global = true, value_name = "FILE")]
    record: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
enum Kind {
    /// Let each system call that changes a folder fail, or kill the program at it.
    Calls,
    /// Build every state that a power failure may leave.
    Power {
        /// Run the next command in every N-th state.
        #[arg(long, default_value_t = 20, value_name = "N")]
        next: usize,
        /// Take the syncs of files, or those of folders, out of what was recorded: this must not be survived.
        #[arg(long, value_name = "KIND")]
        forget: Option<ForgottenSync>,
    },
    /// Run on full disks, with read-only mounts, with a clock that jumps, and in overlays.
    Machines,
    /// Run many processes that do random things at the same time.
    Processes {
        /// How many.
        #[arg(long, default_value_t = 64)]
        count: usize,
        /// For how long.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// What the random numbers begin with.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Run the fuzz targets.
    Fuzz {
        /// Run only this target; may be repeated.
        #[arg(long)]
        target: Vec<String>,
        /// The longest time for all targets together.
        #[arg(long, default_value_t = 7200)]
        seconds: u64,
        /// The number of targets that run at the same time.
        #[arg(long, default_value_t = 1)]
        jobs: usize,
        /// The number of executions after which a target may end.
        #[arg(long, default_value_t = 1_000_000)]
        runs: u64,
        /// Pack what is found into fuzz/found/, from which the next run begins.
        #[arg(long)]
        keep: bool,
        /// The program that `cargo fuzz build` made.
        #[arg(long)]
        program: Option<PathBuf>,
        /// The root of the repository.
        #[arg(long, default_value = ".")]
        root: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("loom-faults: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Outcome<bool> {
    if let Kind::Fuzz { target, seconds, jobs, runs, keep, program, root } = &args.kind {
        let plan = fuzz_plan::FuzzPlan {
            program: program.clone().unwrap_or_else(|| fuzz::built(root)),
            corpora: root.join("fuzz/corpus"),
            found: root.join("fuzz/found"),
            keep: *keep,
            scratch: root.join("target/fuzz"),
            targets: target.clone(),
            time: std::time::Duration::from_secs(*seconds),
            runs: *runs,
            jobs: *jobs,
        };
        let (table, survived) = fuzz::run(&plan)?;
        println!("\n{table}");
        record(args, fuzz::HEADING, &table)?;
        return Ok(survived);
    }
    let looms = Looms::find(args.loom.as_deref())?;
    let chosen = chosen(&args.scenario)?;
    let (every, offset) = (args.every.max(1), args.offset);
    let tally = match args.kind {
        Kind::Power { next, forget } => {
            let (next, forgotten) = (next.max(1), forget);
            power::run(&looms, &chosen, StateChoice { every, offset, next, forgotten })?
        }
        Kind::Processes { count, seconds, seed } => {
            processes::run(&looms, count, std::time::Duration::from_secs(seconds), seed)?
        }
        Kind::Machines => match namespace::enter()? {
            Place::Inside => machines::run(&looms, &chosen, every, offset)?,
            Place::Ran(status) => return Ok(status.success()),
            Place::Refused => {
                println!("not tested: this system allows no mount namespace");
                return Ok(true);
            }
        },
        Kind::Calls | Kind::Fuzz { .. } => calls::run(&looms, &chosen, every, offset)?,
    };
    println!("\n{}", tally.table());
    println!("{} further points were not met", tally.missed());
    record(args, tally.heading(), &tally.table())?;
    Ok(tally.failures().is_empty() && tally.tried() > 0)
}

/// The scenarios with these names, or all.
fn chosen(names: &[String]) -> Outcome<Vec<Scenario>> {
    let all = scenarios::all();
    if let Some(unknown) = names.iter().find(|name| all.iter().all(|one| one.name != **name)) {
        let known: Vec<&str> = all.iter().map(|one| one.name).collect();
        return Err(format!("no scenario {unknown}; there are {}", known.join(", ")).into());
    }
    let chosen = |one: &Scenario| names.is_empty() || names.iter().any(|name| name == one.name);
    Ok(all.into_iter().filter(chosen).collect())
}

/// Writes a table to the file that is asked for.
fn record(args: &Args, heading: &str, table: &str) -> Outcome {
    match &args.record {
        Some(path) => table_file::replace(path, heading, table),
        None => Ok(()),
    }
}
