//! `cargo xtask fuzz`: builds and runs the fuzz targets; counts go to tests/FAULTS.md.
//!
//! cargo-fuzz with libFuzzer and the address sanitizer; `RUSTC_BOOTSTRAP` lets a stable compiler build them.

use std::process::Command;

use crate::{
    command::{cargo_command, clean, demand, present, succeeds},
    outcome::Outcome,
    workspace::Workspace,
};

/// Build and run the fuzz targets.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The longest time for all targets together.
    #[arg(long, default_value_t = 120, value_name = "N")]
    minutes: u64,
    /// Run only this target, and record nothing.
    #[arg(long)]
    target: Option<String>,
    /// End a target after this number of executions.
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    runs: u64,
}

/// The number of targets among which the time is shared.
const TARGETS: u64 = 35;

/// Runs the targets; answers whether all were survived.
pub(crate) fn run(args: &Args) -> Outcome<bool> {
    let workspace = Workspace::enter()?;
    if !present("cargo-fuzz") {
        demand(
            cargo_command(["install", "cargo-fuzz", "--version", "0.13.2", "--locked"])
                .arg("--quiet"),
        )?;
    }
    let fuzz = ["fuzz", "build", "--fuzz-dir", "fuzz", "--sanitizer", "address", "any"];
    demand(cargo_command(fuzz).env("RUSTC_BOOTSTRAP", "1"))?;
    demand(cargo_command(["build"]).args(["--workspace", "--bins", "--quiet"]))?;
    let mut harness = clean(Command::new(workspace.loom().with_file_name("loom-faults")));
    harness.args(["fuzz", "--runs", &args.runs.to_string(), "--root"]).arg(&workspace.root);
    let seconds = args.minutes * 60;
    match &args.target {
        Some(target) => harness.args(["--seconds", &seconds.to_string(), "--target", target]),
        None => {
            harness.args(["--seconds", &(seconds / TARGETS).max(1).to_string(), "--record"]);
            harness.arg(workspace.root.join("tests/FAULTS.md"))
        }
    };
    succeeds(&mut harness)
}
