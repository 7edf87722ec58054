//! Development tasks: `cargo xtask test`, `cargo xtask check` and others.
//!
//! | module | does |
//! |---|---|
//! | `test` | every check and test |
//! | `check` | the checks that need neither root nor Debian |
//! | `unprivileged` | the black-box tests once more, as an unprivileged user |
//! | `package` | builds and tests the Python package |
//! | `bench` · `first_run` | the measurements; how long a first build takes |
//! | `faults` · `fuzz` | faults of disk, power and other processes; hostile input |
//! | `docs` | builds the documentation site |
//! | `semver` | whether the public API of `loom-source` is still compatible |
//! | `command` · `report` | runs programs and judges by their exit codes; counts tests from JUnit reports |
//! | `tools` · `kubernetes_programs` | installs the programs that the checks need |
//! | `workspace` | paths of the workspace |
// Some functions serve only the tasks that need Unix.
#![cfg_attr(not(unix), allow(dead_code))]
#![allow(clippy::print_stdout, clippy::print_stderr)] // a task reports to a terminal

mod bench;
mod check;
mod command;
mod docs;
#[cfg(unix)]
mod faults;
mod first_run;
#[cfg(unix)]
mod fuzz;
mod kubernetes_programs;
mod outcome;
#[cfg(unix)]
mod package;
mod report;
mod semver;
#[cfg(unix)]
mod test;
mod tools;
#[cfg(unix)]
mod unprivileged;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Development tasks of Loom's runtime management.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run every check and every test, installing what they need.
    #[cfg(unix)]
    Test(test::Args),
    /// Check formatting, run clippy, and run the tests that need no other program.
    Check(check::Args),
    /// Measure, beside plain tools doing the same work.
    Bench(bench::Args),
    /// Let system calls fail, the power be lost and many processes run, and judge what is left.
    #[cfg(unix)]
    Faults(faults::Args),
    /// Build and run the fuzz targets.
    #[cfg(unix)]
    Fuzz(fuzz::Args),
    /// Build the documentation site, check its links and run its examples.
    Docs(docs::Args),
    /// Compare the public API of loom-source with an earlier revision.
    Semver(semver::Args),
}

fn main() -> ExitCode {
    let outcome = match Args::parse().task {
        #[cfg(unix)]
        Task::Test(args) => test::run(&args),
        Task::Check(args) => check::run(&args),
        Task::Bench(args) => bench::run(&args),
        #[cfg(unix)]
        Task::Faults(args) => faults::run(&args),
        #[cfg(unix)]
        Task::Fuzz(args) => fuzz::run(&args),
        Task::Docs(args) => docs::run(&args),
        Task::Semver(args) => semver::run(&args),
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
