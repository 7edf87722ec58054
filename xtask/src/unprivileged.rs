//! The black-box tests once more as an unprivileged user, because root hides permission faults.
//!
//! The tests are packed as a nextest archive and unpacked where that user can read them: a checkout is often in a home
//! folder that only its owner may enter.

use std::{
    fs, io,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    command::{clean, demand, tests},
    outcome::Outcome,
    report::TestCount,
    tools::{RustTools, TestPrograms},
    workspace::Workspace,
};

/// The user `nobody` of Debian, which owns no file on any system.
const USER: u32 = 65534;

/// Where nextest writes its reports: relative to the workspace, wherever the archive was extracted.
const STORE: &str = "workspace/target/nextest";

/// Modules of black-box tests that are not run again: they look at sources and pages, at rendered or packed files, or at what
/// processes, clocks, servers and registries do, and no permission of a file decides one of them.
const ALIKE_FOR_ALL_USERS: &str = "deploy|documents|failover|github|github_clients|going_back|hedge|hostile_registry|\
    house|image_gc|image_mirrors|image_withdrawals|locked_registries|mirror_requests|musts|network|nginx|oci|release|\
    resume|signed_mirror_times|signed_registries|updates_faults|updates_killed";

/// Runs the tests of `loom-runtime`. A user other than root has run them unprivileged already.
pub(crate) fn run(
    workspace: &Workspace,
    tools: &RustTools,
    programs: &TestPrograms,
) -> Outcome<TestCount> {
    if !rustix::process::geteuid().is_root() {
        println!("the tests above ran as an unprivileged user");
        return Ok(TestCount::default());
    }
    let area = PublicArea::create(workspace)?;
    let archive = area.path("tests.tar.zst");
    let mut pack = clean(Command::new(tools.program("cargo-nextest")));
    // The whole workspace is built, as before: one package alone would be built anew with other features.
    pack.args(["nextest", "archive", "--workspace", "--filterset", "package(loom-runtime)"]);
    pack.args(["--zstd-level", "1"]);
    demand(pack.arg("--archive-file").arg(&archive))?;
    let nextest = area.copy(&tools.program("cargo-nextest"), "cargo-nextest")?;
    fs::create_dir(area.path("unpacked"))?;
    chown(area.path("unpacked"), Some(USER), Some(USER))?;
    let mut command = as_user(&nextest);
    let chosen = format!("not (binary(it) and test(/^({ALIKE_FOR_ALL_USERS})::/))");
    command.args(["nextest", "run", "--no-tests=fail", "--filterset", &chosen, "--archive-file"]);
    command.arg(&archive).arg("--extract-to").arg(area.path("unpacked"));
    command.arg("--workspace-remap").arg(area.path("workspace"));
    area.environment(&mut command, workspace)?;
    programs.copy(area.0.path())?.set_variables(&mut command);
    tests(&mut command, &area.path(STORE).join("default/junit.xml"))
}

fn as_user(program: &Path) -> Command {
    let mut command = clean(Command::new("setpriv"));
    let user = USER.to_string();
    command.args(["--reuid", &user, "--regid", &user, "--clear-groups", "--no-new-privs", "--"]);
    command.arg(program);
    command
}

/// A folder that every user may read, with a home and a folder for temporary files that the user owns.
struct PublicArea(tempfile::TempDir);

impl PublicArea {
    fn create(workspace: &Workspace) -> Outcome<Self> {
        let area = Self(tempfile::Builder::new().prefix("loom-unprivileged-").tempdir()?);
        fs::set_permissions(area.0.path(), fs::Permissions::from_mode(0o755))?;
        for own in ["home", "tmp"] {
            fs::create_dir(area.path(own))?;
            chown(area.path(own), Some(USER), Some(USER))?;
        }
        copy(&workspace.root, &area.path("workspace"), &workspace.target)?;
        // Reports of earlier runs belong to root.
        if area.path(STORE).exists() {
            fs::remove_dir_all(area.path(STORE))?;
        }
        fs::create_dir_all(area.path(STORE))?;
        chown(area.path(STORE), Some(USER), Some(USER))?;
        Ok(area)
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
        // The tests look for snapshots in the copied workspace.
        command.env("INSTA_UPDATE", "no").env("INSTA_WORKSPACE_ROOT", self.path("workspace"));
        Ok(())
    }
}

/// Copies the workspace's files without its target folder and history.
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
