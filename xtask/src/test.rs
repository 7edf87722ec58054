//! `cargo xtask test`: every check and test.

use std::{fmt, process::Command, thread::ScopedJoinHandle, time::Instant};

use clap::ValueEnum;

use crate::{
    check::{clippy, format},
    command::{cargo_command, check, clean, tests},
    docs,
    outcome::Outcome,
    package::{self, Distributions},
    report::TestCount,
    tools::{self, RustTools, TestPrograms},
    unprivileged,
    workspace::Workspace,
};

/// Run every check and every test, installing what they need.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run only these steps.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Step>,
    /// Leave out these steps.
    #[arg(long, value_delimiter = ',')]
    skip: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// The code is formatted.
    Fmt,
    /// Words are spelled as in English.
    Typos,
    /// Clippy has no complaint.
    Clippy,
    /// The API documentation builds without a warning.
    Doc,
    /// Licences, banned crates, registries; advisories where their database is installed.
    Deny,
    /// The workflows are safe.
    Workflows,
    /// Everything that the tests start is built.
    Build,
    /// The documentation site builds, and its links lead to pages.
    Site,
    /// Every Rust test.
    Rust,
    /// Every example in the API documentation.
    Doctest,
    /// The black-box tests once more as an unprivileged user.
    Unprivileged,
    /// The tests in Python, with a browser.
    Python,
    /// The Python package, built and tested where nothing else is installed.
    Package,
}

/// What the steps use.
struct TestContext {
    workspace: Workspace,
    rust: RustTools,
    programs: TestPrograms,
}

struct StepResult {
    step: Step,
    count: TestCount,
    seconds: f64,
}

/// Runs the chosen steps; answers whether all passed.
pub(crate) fn run(args: &Args) -> Outcome<bool> {
    let workspace = Workspace::enter()?;
    tools::debian()?;
    let context = TestContext {
        rust: RustTools::install(&workspace)?,
        programs: TestPrograms::install(&workspace)?,
        workspace,
    };
    let chosen = |step: &&Step| {
        !args.skip.contains(step) && (args.only.is_empty() || args.only.contains(step))
    };
    let steps: Vec<Step> = Step::value_variants().iter().filter(chosen).copied().collect();
    let results = std::thread::scope(|scope| {
        let mut package = None;
        let mut timed = |step: Step| {
            // The build of the package takes minutes, and these tests often wait: together they take less time.
            if package.is_none() && matches!(step, Step::Unprivileged | Step::Package) {
                let build = || package::build(&context.workspace).map_err(|e| e.to_string());
                package = steps.contains(&Step::Package).then(|| scope.spawn(build));
            }
            let build = package.take_if(|_| step == Step::Package);
            context.timed(step, build)
        };
        steps.iter().map(|step| timed(*step)).collect::<Vec<StepResult>>()
    });
    Ok(summarize(&results))
}

/// A build of the package that runs beside other steps.
type PackageBuild<'scope> = ScopedJoinHandle<'scope, Result<Distributions, String>>;

/// Prints a table of the steps and the closing line; answers whether all passed.
fn summarize(results: &[StepResult]) -> bool {
    println!();
    let mut total = TestCount::default();
    for StepResult { step, count, seconds } in results {
        println!("{step:12} {seconds:7.1} s  {count}");
        total += *count;
    }
    println!("\n{total}");
    total.failed == 0 && total.passed > 0
}

impl TestContext {
    fn timed(&self, step: Step, package: Option<PackageBuild<'_>>) -> StepResult {
        println!("\n== {step}");
        let start = Instant::now();
        let count = self.run(step, package).unwrap_or_else(|error| {
            println!("{error}");
            TestCount::one(false)
        });
        StepResult { step, count, seconds: start.elapsed().as_secs_f64() }
    }

    fn run(&self, step: Step, package: Option<PackageBuild<'_>>) -> Outcome<TestCount> {
        match step {
            Step::Fmt => check(&mut format()),
            Step::Typos => check(&mut Command::new(self.rust.program("typos"))),
            Step::Clippy => check(&mut clippy()),
            Step::Doc => check(
                cargo_command(["doc", "--workspace", "--no-deps", "--quiet"])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            ),
            Step::Deny => self.deny(),
            Step::Workflows => self.workflows(),
            Step::Build => {
                let what = ["--workspace", "--bins", "--tests", "--examples", "--quiet"];
                check(cargo_command(["build"]).args(what))
            }
            Step::Site => {
                let mdbook = self.rust.program("mdbook");
                Ok(TestCount::one(docs::build(&self.workspace, &mdbook)?))
            }
            Step::Rust => tests(&mut self.nextest(), &self.workspace.nextest_report()),
            Step::Doctest => check(&mut cargo_command(["test", "--workspace", "--doc", "--quiet"])),
            Step::Unprivileged => unprivileged::run(&self.workspace, &self.rust, &self.programs),
            Step::Python => self.python(),
            Step::Package => {
                let build = package.ok_or("the package is not built")?.join();
                let distributions = build.map_err(|_| "the build of the package panicked")??;
                package::run(&self.workspace, &self.programs, distributions)
            }
        }
    }

    fn deny(&self) -> Outcome<TestCount> {
        let deny = || {
            let mut command = Command::new(self.rust.program("cargo-deny"));
            command.args(["--log-level", "error", "--all-features"]);
            command
        };
        let mut count = check(deny().args(["check", "licenses", "bans", "sources"]))?;
        let home = std::env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
        let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
        if home.is_some_and(|home| home.join("advisory-dbs").is_dir()) {
            count += check(deny().args(["--offline", "check", "advisories"]))?;
        } else {
            println!("advisories: not run here, their database is not installed");
        }
        Ok(count)
    }

    fn workflows(&self) -> Outcome<TestCount> {
        let mut zizmor = Command::new(self.rust.program("zizmor"));
        check(zizmor.args(["--offline", "--quiet", ".github", "examples/ci"]))
    }

    /// `cargo nextest`, whether or not it is on the path.
    fn nextest(&self) -> Command {
        let mut command = clean(Command::new(self.rust.program("cargo-nextest")));
        command.args(["nextest", "run", "--workspace", "--no-tests=fail"]);
        command.env("LOOM_TEST_SERVER", self.workspace.server()).env("INSTA_UPDATE", "no");
        self.programs.set_variables(&mut command);
        command
    }

    fn python(&self) -> Outcome<TestCount> {
        let mut pytest = Command::new(self.programs.interpreter());
        self.programs.set_variables(&mut pytest);
        let junit = self.workspace.scratch("python.xml");
        pytest.args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"]);
        // Most of these tests wait for a server or a browser; the tests of one file share fixtures.
        pytest.args(["--numprocesses", "2", "--dist", "loadfile", "--junitxml"]);
        pytest.arg(&junit).arg(self.workspace.root.join("tests/python"));
        pytest.env("PYTHONDONTWRITEBYTECODE", "1");
        pytest.env("LOOM_TEST_ARTEFACTS", self.workspace.scratch("artefacts"));
        pytest.env("LOOM_TEST_SERVER", self.workspace.server());
        tests(pytest.env("LOOM_TEST_LOOM", self.workspace.loom()), &junit)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{self:?}").to_lowercase())
    }
}
