//! `cargo xtask semver`: whether the public API of `loom-source`, which plugins in Rust and other crates build on, is
//! still compatible with an earlier revision.

use crate::{
    command::{cargo_command, succeeds},
    outcome::Outcome,
    workspace::Workspace,
};

/// Compare the public API of loom-source with an earlier revision.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The revision to compare with.
    #[arg(long, value_name = "REV")]
    baseline_rev: String,
}

/// Runs `cargo semver-checks`; answers whether the API is compatible.
pub(crate) fn run(args: &Args) -> Outcome<bool> {
    Workspace::enter()?;
    if !succeeds(&mut cargo_command(["semver-checks", "--version"]))? {
        return Err("cargo-semver-checks is not installed; run `cargo install --locked cargo-semver-checks`".into());
    }
    let mut command = cargo_command(["semver-checks", "--package", "loom-source"]);
    succeeds(command.arg("--baseline-rev").arg(&args.baseline_rev))
}
