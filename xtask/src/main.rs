//! What a Loom developer types: `cargo xtask test`, `cargo xtask bench`.
//!
//! | module | does |
//! |---|---|
//! | `workspace` | where things lie |
//! | `command` | runs programs, shows what they say, and counts what they tested |
//! | `tools` | installs the programs that the checks need |
//! | `test` | every check and test |
//! | `ordinary` | the black-box tests again, as an ordinary user |
//! | `package` | the Python package: builds and tests it |
//! | `bench` | the measurements |
#![allow(clippy::print_stdout, clippy::print_stderr)] // printing is what it is for

mod bench;
mod command;
mod ordinary;
mod package;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// What a Loom developer types.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run every check and every test, installing what they need.
    Test(test::Args),
    /// Measure, beside plain tools doing the same work.
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let outcome = match Args::parse().task {
        Task::Test(args) => test::run(&args),
        Task::Bench(args) => bench::run(&args),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
