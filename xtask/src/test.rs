//! Every check and test.

use std::{fmt, process::Command, time::Instant};

use clap::ValueEnum;

use crate::{
    Outcome,
    command::{Count, cargo_command, check, clean, tests},
    ordinary, package,
    tools::{self, Foreign, RustTools},
    workspace::Workspace,
};

/// Run every check and every test, installing what they need.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these steps.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Step>,
    /// Not these steps.
    #[arg(long, value_delimiter = ',')]
    skip: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// The code is formatted.
    Fmt,
    /// Clippy has no complaint.
    Clippy,
    /// The documentation builds without a warning.
    Doc,
    /// Licences, banned crates, registries; advisories where the database is at hand.
    Deny,
    /// Everything that the tests start is built.
    Build,
    /// Every Rust test.
    Rust,
    /// Every example in the documentation.
    Doctest,
    /// The black-box tests again, as an ordinary user: root hides permission faults.
    Ordinary,
    /// The tests in Python.
    Python,
    /// The Python package, built and tested where nothing else is installed.
    Package,
}

/// What the steps use.
struct Tools {
    rust: RustTools,
    foreign: Foreign,
}

struct Result {
    step: Step,
    count: Count,
    seconds: f64,
}

/// Runs the steps that were chosen; says whether all passed.
pub(crate) fn run(args: &Args) -> Outcome<bool> {
    let workspace = Workspace::find()?;
    std::env::set_current_dir(&workspace.root)?;
    tools::debian()?;
    let tools =
        Tools { rust: RustTools::install(&workspace)?, foreign: Foreign::install(&workspace)? };
    let mut results = Vec::new();
    for step in Step::value_variants() {
        if args.skip.contains(step) || !(args.only.is_empty() || args.only.contains(step)) {
            continue;
        }
        println!("\n== {step}");
        let begun = Instant::now();
        let count = step.run(&workspace, &tools).unwrap_or_else(|error| {
            println!("{error}");
            Count { passed: 0, failed: 1 }
        });
        results.push(Result { step: *step, count, seconds: begun.elapsed().as_secs_f64() });
    }
    Ok(close(&results))
}

/// The table of steps, and the closing line.
fn close(results: &[Result]) -> bool {
    println!();
    let mut total = Count::default();
    for Result { step, count, seconds } in results {
        println!("{step:10} {seconds:7.1} s  {count}");
        total += *count;
    }
    println!("\n{total}");
    total.failed == 0 && total.passed > 0
}

impl Step {
    fn run(self, workspace: &Workspace, tools: &Tools) -> Outcome<Count> {
        match self {
            Self::Fmt => check(&mut cargo_command(["fmt", "--all", "--check"])),
            Self::Clippy => check(&mut cargo_command([
                "clippy",
                "--workspace",
                "--all-targets",
                "--quiet",
                "--",
                "-D",
                "warnings",
            ])),
            Self::Doc => check(
                cargo_command(["doc", "--workspace", "--no-deps", "--quiet"])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            ),
            Self::Deny => deny(&tools.rust),
            Self::Build => check(&mut cargo_command([
                "build",
                "--workspace",
                "--bins",
                "--tests",
                "--examples",
                "--quiet",
            ])),
            Self::Rust => tests(&mut nextest(workspace, tools)),
            Self::Doctest => check(&mut cargo_command(["test", "--workspace", "--doc", "--quiet"])),
            Self::Ordinary => ordinary::run(workspace, &tools.rust, &tools.foreign),
            Self::Python => python(workspace, &tools.foreign),
            Self::Package => package::run(workspace, &tools.foreign),
        }
    }
}

fn deny(tools: &RustTools) -> Outcome<Count> {
    let deny = || {
        let mut command = Command::new(tools.program("cargo-deny"));
        command.args(["--log-level", "error", "--all-features"]);
        command
    };
    let mut count = check(deny().args(["check", "licenses", "bans", "sources"]))?;
    let home = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    if home.is_some_and(|home| home.join("advisory-dbs").is_dir()) {
        count += check(deny().args(["--offline", "check", "advisories"]))?;
    }
    Ok(count)
}

/// `cargo nextest`, whether or not it is on the path.
fn nextest(workspace: &Workspace, tools: &Tools) -> Command {
    let mut command = clean(Command::new(tools.rust.program("cargo-nextest")));
    command.args(["nextest", "run", "--workspace", "--no-tests=fail"]);
    command.env("LOOM_TEST_SERVER", workspace.server()).env("INSTA_UPDATE", "no");
    tools.foreign.tell(&mut command);
    command
}

fn python(workspace: &Workspace, foreign: &Foreign) -> Outcome<Count> {
    let folder = workspace.root.join("tests/python");
    let mut pytest = Command::new(foreign.python.program("python"));
    foreign.tell(&mut pytest);
    pytest.args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"]).arg(&folder);
    pytest.env("PYTHONDONTWRITEBYTECODE", "1");
    pytest.env("LOOM_TEST_ARTEFACTS", workspace.target.join("xtask/artefacts"));
    pytest.env("LOOM_TEST_SERVER", workspace.server()).env("LOOM_TEST_LOOM", workspace.loom());
    tests(&mut pytest)
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{self:?}").to_lowercase())
    }
}
