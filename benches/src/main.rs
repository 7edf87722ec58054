//! What Loom's work costs beside plain tools doing the same work. Started by `cargo xtask bench`.
//!
//! | module | holds |
//! |---|---|
//! | `payload` | releases made of a real program, and a big one |
//! | `process` | what one process cost: time, processor time, memory |
//! | `rounds` | interleaved runs of several contenders |
//! | `warm` | asking for what is there, beside `/bin/true` |
//! | `cold` | fetching what is not, beside `curl; sha256sum; tar; sync` |
//! | `memory` | the peak while a 500 MB archive arrives |
//! | `runtime` | the runtime server: its start, slow readers, fan-out beside `nats-server` |
//! | `table` | the figures, with ratios |
//! | `mark` | what a figure must reach |
//!
//! Figures of different runs cannot be compared, ratios within one can: contenders take turns, and the
//! warm ones are judged by their best run, the others by the median.
#![allow(clippy::print_stdout, clippy::print_stderr)] // printing is what it is for

mod cold;
mod mark;
mod memory;
mod payload;
mod process;
mod rounds;
mod runtime;
mod table;
mod warm;

use std::{fs, path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use mark::Mark;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Debug, Parser)]
struct Args {
    /// The release build of `loom`.
    #[arg(long)]
    loom: PathBuf,
    /// The release build of `loom-bridge-server`.
    #[arg(long)]
    server: PathBuf,
    /// A folder on a disk; what is fetched for the measurements is kept in it.
    #[arg(long)]
    work: PathBuf,
    /// Python's package installer, which fetches the real programs.
    #[arg(long)]
    pip: PathBuf,
    /// So many runs instead of enough of them, for a quick look.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Fail where a figure misses its mark.
    #[arg(long)]
    check: bool,
    /// Only these measurements.
    names: Vec<Bench>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bench {
    Warm,
    Cold,
    Memory,
    Start,
    SlowReader,
    Fan,
}

/// What a measurement runs with.
#[derive(Debug)]
struct Ground {
    loom: PathBuf,
    server: PathBuf,
    work: PathBuf,
    pip: PathBuf,
    rounds: Option<u16>,
}

impl Ground {
    /// As many runs as make a figure, unless fewer were asked for.
    fn rounds(&self, enough: usize) -> usize {
        self.rounds.map_or(enough, usize::from)
    }
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
    let ground = Ground {
        loom: args.loom.canonicalize()?,
        server: args.server.canonicalize()?,
        work: args.work.canonicalize()?,
        pip: args.pip,
        rounds: args.rounds,
    };
    let mut marks = Vec::new();
    for bench in Bench::value_variants() {
        if args.names.is_empty() || args.names.contains(bench) {
            marks.extend(match bench {
                Bench::Warm => warm::run(&ground)?,
                Bench::Cold => cold::run(&ground)?,
                Bench::Memory => memory::run(&ground)?,
                Bench::Start => runtime::start::run(&ground)?,
                Bench::SlowReader => runtime::slow_reader::run(&ground)?,
                Bench::Fan => runtime::fan::run(&ground)?,
            });
        }
    }
    println!("\nmarks");
    marks.iter().for_each(|mark| println!("  {mark}"));
    Ok(!args.check || marks.iter().all(Mark::reached))
}
