//! Runs the program `loom` with failing system calls, lost power and many processes, and judges what is left.
//!
//! | file | does |
//! |---|---|
//! | `scenario` · `scenarios` | what is run: a world to begin with, a command, and what must be so after it |
//! | `world` · `copy` | a home, a project and mirrors in a folder of their own; copies of it |
//! | `archives` | the releases that the mirrors have |
//! | `run` | runs `loom` in a world |
//! | `trace` | reads the output of strace |
//! | `points` · `injection` | which system calls fail, and how; one run with such a call |
//! | `calls` | one run for each system call and fault |
//! | `survival` · `tree_check` | what must be so after a fault |
//! | `tally` · `table_file` | counts, and the tables in tests/FAULTS.md |
#![cfg(unix)]
#![allow(clippy::print_stdout, clippy::print_stderr)] // the program reports to a terminal

mod archives;
mod calls;
mod copy;
mod injection;
mod points;
mod run;
mod scenario;
mod scenarios;
mod survival;
mod table_file;
mod tally;
mod trace;
mod tree_check;
mod world;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    run::Looms,
    scenario::Scenario,
    tally::{Outcome, Tally},
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
    let looms = Looms::find(args.loom.as_deref())?;
    let chosen = chosen(&args.scenario)?;
    let (every, offset) = (args.every.max(1), args.offset);
    let tally = match args.kind {
        Kind::Calls => calls::run(&looms, &chosen, every, offset)?,
    };
    finish(&tally, args.record.as_deref())
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

/// Prints the table and the failures, and records the table if asked.
fn finish(tally: &Tally, record: Option<&std::path::Path>) -> Outcome<bool> {
    println!("\n{}", tally.table());
    println!("{} further points were not met", tally.missed());
    for failure in tally.failures() {
        println!("FAILED {failure}");
    }
    if let Some(path) = record {
        table_file::replace(path, tally.heading(), &tally.table())?;
    }
    Ok(tally.failures().is_empty() && tally.tried() > 0)
}
