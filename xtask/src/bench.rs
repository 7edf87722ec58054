//! `cargo xtask bench`: builds what is measured, and hands it to the package in `benches/`.

use std::process::Command;

use crate::{
    command::{cargo_command, demand},
    first_run,
    outcome::Outcome,
    tools,
    workspace::Workspace,
};

/// Measure, beside plain tools doing the same work.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Compare the figures with their targets, and fail where one misses its target.
    #[arg(long)]
    check: bool,
    /// Make N runs of each measurement, for a quick look.
    #[arg(long, value_name = "N")]
    rounds: Option<u16>,
    /// Measure only how long it takes from an empty clone to a running dashboard.
    #[arg(long, conflicts_with_all = ["rounds", "names"])]
    first_run: bool,
    /// Measure only how fast the dashboard's pages open in a browser, with many agents and runs.
    #[arg(long, conflicts_with_all = ["rounds", "names", "first_run"])]
    pages: bool,
    /// Make only these measurements: warm, signed, cold, memory, index, verify, gc, start, slow-reader, fan, history.
    names: Vec<String>,
}

/// Builds `loom` and the runtime server as they are distributed and measures them; answers whether all targets that
/// were to be checked are met.
pub(crate) fn run(args: &Args) -> Outcome<bool> {
    let workspace = Workspace::enter()?;
    if args.first_run {
        return first_run::run(&workspace, args.check);
    }
    tools::debian()?;
    if args.pages {
        return pages(&workspace);
    }
    tools::nix()?;
    let python = tools::RustTools::install(&workspace)?;
    let programs = ["--bin", "loom", "--bin", "loom-bridge-server"];
    let packages = ["--package", "loom-runtime", "--package", "loom-bridge"];
    demand(cargo_command(["build", "--profile", "dist"]).args(packages).args(programs))?;
    // In the measurements of the runtime the clients are part of what is measured.
    let mut bench =
        cargo_command(["run", "--profile", "dist", "--quiet", "--package", "loom-benches"]);
    bench.arg("--").arg("--loom").arg(workspace.program("dist", "loom"));
    bench.arg("--server").arg(workspace.program("dist", "loom-bridge-server"));
    // Below the target folder: on a disk, which the system's folder for temporary files may not be.
    bench.arg("--work").arg(workspace.scratch("bench"));
    bench.arg("--pip").arg(python.program("pip"));
    if let Some(rounds) = args.rounds {
        bench.args(["--rounds", &rounds.to_string()]);
    }
    if args.check {
        bench.arg("--check");
    }
    Ok(bench.args(&args.names).status()?.success())
}

/// Measures the dashboard's pages; what misses its limit is a failed test.
fn pages(workspace: &Workspace) -> Outcome<bool> {
    let programs = tools::TestPrograms::install(workspace)?;
    let server = ["--package", "loom-bridge", "--bin", "loom-bridge-server"];
    demand(cargo_command(["build", "--profile", "dist"]).args(server))?;
    let mut pytest = Command::new(programs.interpreter());
    programs.set_variables(&mut pytest);
    // The fixtures and helpers are those of the tests.
    pytest.args(["-m", "pytest", "-s", "-q", "-p", "no:cacheprovider", "-p", "conftest"]);
    pytest.arg(workspace.root.join("benches/dashboard_pages.py"));
    pytest.env("PYTHONPATH", workspace.root.join("tests/python"));
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    pytest.env("LOOM_TEST_SERVER", workspace.program("dist", "loom-bridge-server"));
    Ok(pytest.status()?.success())
}
