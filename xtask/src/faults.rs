//! `cargo xtask faults`: failing system calls, lost power, failing machines and many processes; counts go to
//! tests/FAULTS.md.

use std::process::Command;

use crate::{
    command::{cargo_command, clean, demand, succeeds},
    outcome::Outcome,
    workspace::Workspace,
};

/// Run loom with failing system calls, lost power, failing machines and many processes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run only these scenarios, and record nothing.
    #[arg(long, value_delimiter = ',')]
    scenario: Vec<String>,
    /// Try every N-th point only, and record nothing.
    #[arg(long, default_value_t = 1, value_name = "N")]
    every: usize,
}

/// Runs the harness; answers whether everything was survived.
pub(crate) fn run(args: &Args) -> Outcome<bool> {
    let workspace = Workspace::enter()?;
    demand(cargo_command(["build"]).args(["--workspace", "--bins", "--quiet"]))?;
    let is_complete = args.scenario.is_empty() && args.every == 1;
    let mut survived = true;
    for kind in ["calls", "power", "machines", "processes"] {
        let mut harness = clean(Command::new(workspace.loom().with_file_name("loom-faults")));
        harness.args([kind, "--every", &args.every.to_string()]);
        for scenario in &args.scenario {
            harness.args(["--scenario", scenario]);
        }
        if is_complete {
            harness.arg("--record").arg(workspace.root.join("tests/FAULTS.md"));
        }
        survived &= succeeds(&mut harness)?;
    }
    Ok(survived)
}
