//! The measurements: builds what is measured, and hands it to the package in `benches/`.

use crate::{
    Outcome,
    command::{cargo_command, demand},
    tools,
    workspace::Workspace,
};

/// Measure, beside plain tools doing the same work.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Judge the figures, and fail where one misses its mark.
    #[arg(long)]
    check: bool,
    /// So many runs instead of enough of them, for a quick look.
    #[arg(long, value_name = "N")]
    rounds: Option<u16>,
    /// Only these measurements: warm, cold, memory, start, slow-reader, fan.
    names: Vec<String>,
}

/// Builds `loom` and the runtime server for release and measures them.
pub(crate) fn run(args: &Args) -> Outcome<bool> {
    let workspace = Workspace::find()?;
    std::env::set_current_dir(&workspace.root)?;
    tools::debian()?;
    let python = tools::RustTools::install(&workspace)?;
    demand(&mut cargo_command([
        "build",
        "--release",
        "--package",
        "loom-runtime",
        "--bin",
        "loom",
        "--package",
        "loom-bridge",
        "--bin",
        "loom-bridge-server",
    ]))?;
    // For release too: in the measurements of the runtime the clients are part of what is measured.
    let mut bench =
        cargo_command(["run", "--release", "--quiet", "--package", "loom-benches", "--"]);
    bench.arg("--loom").arg(workspace.target.join("release/loom"));
    bench.arg("--server").arg(workspace.target.join("release/loom-bridge-server"));
    // Below the target folder: on a disk, which the system's folder for temporary files may not be.
    bench.arg("--work").arg(workspace.target.join("xtask/bench"));
    bench.arg("--pip").arg(python.program("pip"));
    if let Some(rounds) = args.rounds {
        bench.args(["--rounds", &rounds.to_string()]);
    }
    if args.check {
        bench.arg("--check");
    }
    Ok(bench.args(&args.names).status()?.success())
}
