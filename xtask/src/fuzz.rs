//! `cargo xtask fuzz`: builds and runs the fuzz targets; counts go to tests/FAULTS.md.
//!
//! cargo-fuzz with libFuzzer; `RUSTC_BOOTSTRAP` lets a stable compiler build them. Without the address sanitizer: the
//! readers are safe Rust, which panics where the sanitizer would speak, and run half as fast with it. Coverage is counted
//! in our own crates: `fuzz/rustc-wrapper` says why.

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
    /// Pack what is found into fuzz/found/, from which the next run begins.
    #[arg(long)]
    keep: bool,
    /// End a target after this number of executions, if the last tenth of them covered nothing new.
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    runs: u64,
    /// Run this number of targets at the same time.
    #[arg(long, default_value_t = 2, value_name = "N")]
    jobs: usize,
}

/// Runs the targets; answers whether all were survived.
pub(crate) fn run(args: &Args) -> Outcome<bool> {
    let workspace = Workspace::enter()?;
    if !present("cargo-fuzz") {
        demand(
            cargo_command(["install", "cargo-fuzz", "--version", "0.13.2", "--locked"])
                .arg("--quiet"),
        )?;
    }
    let fuzz = ["fuzz", "build", "--fuzz-dir", "fuzz", "--sanitizer", "none", "any"];
    let wrapper = workspace.root.join("fuzz/rustc-wrapper");
    demand(cargo_command(fuzz).env("RUSTC_BOOTSTRAP", "1").env("RUSTC_WRAPPER", wrapper))?;
    demand(cargo_command(["build"]).args(["--workspace", "--bins", "--quiet"]))?;
    let mut harness = clean(Command::new(workspace.loom().with_file_name("loom-faults")));
    harness.args(["fuzz", "--runs", &args.runs.to_string(), "--jobs", &args.jobs.to_string()]);
    harness.args(["--seconds", &(args.minutes * 60).to_string(), "--root"]).arg(&workspace.root);
    harness.args(args.keep.then_some("--keep"));
    match &args.target {
        Some(target) => harness.args(["--target", target]),
        None => harness.arg("--record").arg(workspace.root.join("tests/FAULTS.md")),
    };
    succeeds(&mut harness)
}
