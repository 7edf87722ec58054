//! The black-box tests again, as an ordinary user: root hides permission faults.
//!
//! The tests are packed as a nextest archive and unpacked where that user may read, since a checkout
//! often lies in a home that only its owner enters.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Outcome,
    command::{Count, clean, demand, tests},
    tools::{Foreign, RustTools},
    workspace::Workspace,
};

/// Nobody: owns nothing on any system.
const USER: u32 = 65534;

/// Runs the tests of `loom-runtime`. Someone who is not root has already run them as an ordinary user.
pub(crate) fn run(workspace: &Workspace, tools: &RustTools, foreign: &Foreign) -> Outcome<Count> {
    if !rustix::process::geteuid().is_root() {
        println!("the tests above ran as an ordinary user");
        return Ok(Count::default());
    }
    let place = Place::lay(workspace)?;
    let archive = place.0.path().join("tests.tar.zst");
    let mut pack = clean(Command::new(tools.program("cargo-nextest")));
    // The whole workspace is built, as before: one package alone would be built anew with other features.
    pack.args(["nextest", "archive", "--workspace", "--filterset", "package(loom-runtime)"]);
    pack.args(["--zstd-level", "1"]);
    demand(pack.arg("--archive-file").arg(&archive))?;
    let nextest = place.copy(&tools.program("cargo-nextest"), "cargo-nextest")?;
    fs::create_dir(place.path("unpacked"))?;
    chown(place.path("unpacked"), Some(USER), Some(USER))?;
    let mut command = as_user(&nextest);
    command.args(["nextest", "run", "--no-tests=fail", "--archive-file"]);
    command.arg(&archive).arg("--extract-to").arg(place.path("unpacked"));
    command.arg("--workspace-remap").arg(place.path("workspace"));
    place.environment(&mut command, workspace)?;
    foreign.copy(place.0.path())?.tell(&mut command);
    tests(&mut command)
}

fn as_user(program: &Path) -> Command {
    let mut command = clean(Command::new("setpriv"));
    let user = USER.to_string();
    command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "--no-new-privs", "--"]);
    command.arg(program);
    command
}

/// A folder that everybody may read, with a home and a place for temporary files that the user owns.
struct Place(tempfile::TempDir);

impl Place {
    fn lay(workspace: &Workspace) -> Outcome<Self> {
        let place = Self(tempfile::Builder::new().prefix("loom-ordinary-").tempdir()?);
        fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o755))?;
        for own in ["home", "tmp"] {
            fs::create_dir(place.path(own))?;
            chown(place.path(own), Some(USER), Some(USER))?;
        }
        copy(&workspace.root, &place.path("workspace"), &workspace.target)?;
        Ok(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn copy(&self, from: &Path, name: &str) -> Outcome<PathBuf> {
        let to = self.path(name);
        fs::copy(from, &to).map_err(|e| format!("{}: {e}", from.display()))?;
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755))?;
        Ok(to)
    }

    fn environment(&self, command: &mut Command, workspace: &Workspace) -> Outcome {
        command.current_dir(self.path("workspace"));
        command.env("HOME", self.path("home")).env("TMPDIR", self.path("tmp"));
        command.env("LOOM_TEST_LOOM", self.copy(&workspace.loom(), "loom")?);
        command.env("LOOM_TEST_SERVER", self.copy(&workspace.server(), "loom-bridge-server")?);
        // Snapshots are looked for where the workspace now lies.
        command.env("INSTA_UPDATE", "no").env("INSTA_WORKSPACE_ROOT", self.path("workspace"));
        Ok(())
    }
}

/// The workspace's files without its target folder and history.
fn copy(from: &Path, to: &Path, target: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if path == target || entry.file_name() == ".git" {
            continue;
        }
        if kind.is_dir() {
            copy(&path, &to, target)?;
        } else if kind.is_file() {
            fs::copy(&path, &to)?;
        }
    }
    Ok(())
}
