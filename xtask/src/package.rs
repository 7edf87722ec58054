//! Builds the Python package, inspects the distributions, and tests the package where nothing else is installed.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    command::{clean, demand, tests},
    outcome::Outcome,
    report::TestCount,
    tools::{self, TestPrograms},
    workspace::{Venv, Workspace},
};

/// The built package, and the tools that judge it.
pub(crate) struct Distributions {
    tools: Venv,
    folder: PathBuf,
}

/// Builds the package.
pub(crate) fn build(workspace: &Workspace) -> Outcome<Distributions> {
    let package = Package::of(workspace);
    let requirements = package.tests.join("outside/requirements.txt");
    let tools = tools::python(workspace, "package-tools", &requirements)?;
    let folder = package.build(&tools)?;
    Ok(Distributions { tools, folder })
}

/// Tests the package.
pub(crate) fn run(
    workspace: &Workspace,
    programs: &TestPrograms,
    distributions: Distributions,
) -> Outcome<TestCount> {
    let package = Package::of(workspace);
    let Distributions { tools, folder: dist } = distributions;
    let mut count = package.outside(&tools, programs, &dist)?;
    count += package.inside("newest", &dist, &["--ignore", "test_messages.py"])?;
    count += package.inside("oldest", &dist, &["test_messages.py", "test_agent.py"])?;
    Ok(count)
}

struct Package<'a> {
    workspace: &'a Workspace,
    tests: PathBuf,
    /// The folder for everything that is made.
    folder: PathBuf,
}

impl<'a> Package<'a> {
    fn of(workspace: &'a Workspace) -> Self {
        let tests = workspace.root.join("tests/python_package");
        Self { workspace, tests, folder: workspace.scratch("package") }
    }

    /// Builds the wheel and the source distribution as they are released, but for optimisation: it changes nothing that
    /// these tests see, and linking with it takes minutes.
    fn build(&self, tools: &Venv) -> Outcome<PathBuf> {
        let dist = self.folder.join("dist");
        if dist.exists() {
            fs::remove_dir_all(&dist)?;
        }
        let python = self.workspace.root.join("python");
        for what in [&["sdist"][..], &["build", "--profile", "dist"]] {
            let mut maturin = clean(Command::new(tools.program("maturin")));
            maturin.current_dir(&python).args(what).arg("--out").arg(&dist);
            maturin.env("CARGO_PROFILE_DIST_LTO", "off").env("CARGO_PROFILE_DIST_OPT_LEVEL", "1");
            maturin.env("CARGO_PROFILE_DIST_CODEGEN_UNITS", "16");
            demand(maturin.env("CARGO_TARGET_DIR", &self.workspace.target))?;
        }
        Ok(dist)
    }

    /// Tests what the distributions contain, and runs the tools that judge them.
    fn outside(&self, tools: &Venv, programs: &TestPrograms, dist: &Path) -> Outcome<TestCount> {
        let mut pytest = clean(Command::new(tools.program("python")));
        pytest.args(["-m", "pytest", "--quiet"]).current_dir(self.tests.join("outside"));
        pytest.env("PYTHONDONTWRITEBYTECODE", "1").env("LOOM_TEST_DIST", dist);
        programs.set_variables(&mut pytest);
        let junit = self.folder.join("outside.xml");
        tests(pytest.arg("--junitxml").arg(&junit), &junit)
    }

    /// Runs its own tests in a fresh environment with the wheel and what `name`.txt lists: no cargo, an empty home.
    fn inside(&self, name: &str, dist: &Path, arguments: &[&str]) -> Outcome<TestCount> {
        let (inside, home) = (self.tests.join("inside"), self.folder.join("home"));
        let venv = tools::fresh(&self.folder.join(name))?;
        let requirements = inside.join(name).with_extension("txt");
        let mut pip = Command::new(venv.program("pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check"]).arg(wheel(dist)?);
        demand(pip.arg("--requirement").arg(requirements))?;
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir_all(&home)?;
        let mut pytest = Command::new(venv.program("python"));
        pytest.args(["-m", "pytest", "--quiet"]).args(arguments).current_dir(inside).env_clear();
        let mut path = OsString::from(venv.path().join("bin"));
        path.push(":/usr/bin:/bin");
        pytest.env("PATH", path).env("HOME", home).env("LANG", "C.UTF-8");
        pytest.env("PYTHONDONTWRITEBYTECODE", "1");
        let junit = self.folder.join(format!("inside-{name}.xml"));
        pytest.arg("--junitxml").arg(&junit);
        tests(pytest.env("LOOM_TEST_SERVER", self.workspace.server()), &junit)
    }
}

/// The only wheel in a folder.
fn wheel(dist: &Path) -> Outcome<PathBuf> {
    let files: Vec<PathBuf> =
        fs::read_dir(dist)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    let wheel = files.into_iter().find(|file| file.extension().is_some_and(|e| e == "whl"));
    wheel.ok_or_else(|| format!("there is no wheel in {}", dist.display()).into())
}
