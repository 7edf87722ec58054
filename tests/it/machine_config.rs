//! The machine-wide configuration file, in a mount namespace where `/etc` holds nothing else.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use crate::support::{Run, Sandbox};
use serde_json::json;

const FILE: &str = "/etc/loom/config.toml";

/// A sandbox with a machine-wide file.
pub(crate) struct Machine {
    pub sandbox: Sandbox,
    pub etc: PathBuf,
}

impl Machine {
    /// A machine whose file has this text.
    pub(crate) fn new(text: &str) -> Self {
        let sandbox = Sandbox::new();
        let etc = sandbox.folder("etc");
        let machine = Self { sandbox, etc };
        machine.sandbox.write(machine.etc.join("loom/config.toml"), text);
        machine.mode("loom", 0o755).mode("loom/config.toml", 0o644)
    }

    fn mode(self, path: &str, mode: u32) -> Self {
        fs::set_permissions(self.etc.join(path), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Runs `loom` in a user namespace where this user is root, so that root owns this user's files.
    pub(crate) fn loom(&self, args: &[&str]) -> Run {
        self.run(&[], args)
    }

    /// Runs `loom` in a user namespace where this user is not root, so that root does not own this user's files.
    fn loom_of_another_user(&self, args: &[&str]) -> Run {
        self.run(&["unshare", "--map-user=1000", "--map-group=1000", "--"], args)
    }

    fn run(&self, before: &[&str], args: &[&str]) -> Run {
        let mut command = self.sandbox.command("unshare");
        let mount = format!("mount --bind '{}' /etc && exec \"$@\"", self.etc.display());
        command.args(["--map-root-user", "--mount", "--", "sh", "-c", &mount, "sh"]);
        command.args(before).arg(Sandbox::program()).args(args);
        self.sandbox.start(args, command).wait()
    }

    fn port(&self) -> serde_json::Value {
        self.loom(&["config", "get", "dashboard.port", "--json"]).ok().json()
    }
}

const PORT: &str = "[dashboard]\nport = 4141\n";

#[test]
fn its_settings_have_lower_precedence_than_the_users() {
    let machine = Machine::new(PORT);
    let setting = machine.port();
    assert_eq!(setting["value"], 4141);
    assert_eq!(setting["origin"], json!({"from": "machine", "file": FILE, "line": 2}));
    let sandbox = &machine.sandbox;
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), "[dashboard]\nport = 1\n");
    assert_eq!(machine.port()["value"], 1);
    let paths = machine.loom(&["config", "path", "--json"]).ok().json();
    assert_eq!(paths["files"][2], json!({"layer": "machine", "path": FILE, "exists": true}));
}

#[test]
fn no_variable_changes_its_path() {
    let mut machine = Machine::new(PORT);
    let other = machine.sandbox.folder("other");
    machine.sandbox.write(other.join("loom/config.toml"), "[dashboard]\nport = 1\n");
    for variable in ["XDG_CONFIG_DIRS", "ProgramData", "PROGRAMDATA", "LOOM_CONFIG_DIR"] {
        machine.sandbox.set(variable, &other);
    }
    assert_eq!(machine.port()["value"], 4141);
}

#[test]
fn its_problems_are_errors() {
    let machine = Machine::new("[dashboard]\nport = 'x'\n");
    machine.loom(&["which"]).code(2).says(&["/etc/loom/config.toml:2: dashboard.port"]);
}

/// Asserts that the file was not read, and that the warning contains this reason.
#[track_caller]
fn assert_refused(run: Run, reason: &str) {
    let run = run.ok().says(&[
        "warning: /etc/loom/config.toml: the machine-wide configuration is not read: ",
        reason,
    ]);
    assert_eq!(run.json()["value"], 3030);
}

const GET: &[&str] = &["config", "get", "dashboard.port", "--json"];

#[test]
fn a_file_that_others_can_write_is_not_read() {
    let machine = Machine::new(PORT).mode("loom/config.toml", 0o664);
    assert_refused(machine.loom(GET), "config.toml can be written by users other than root");
    let check = machine.loom(&["config", "check", "--json"]).ok().json();
    assert_eq!(check["warnings"][0]["file"], FILE);
}

#[test]
fn a_file_in_a_folder_that_others_can_write_is_not_read() {
    let machine = Machine::new(PORT).mode("loom", 0o777);
    assert_refused(machine.loom(GET), "/etc/loom can be written by users other than root");
    let machine = Machine::new(PORT);
    let elsewhere = machine.etc.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(machine.etc.join("loom/config.toml"), elsewhere.join("c.toml")).unwrap();
    let link = machine.etc.join("loom/config.toml");
    std::os::unix::fs::symlink("../elsewhere/c.toml", link).unwrap();
    let machine = machine.mode("elsewhere", 0o755);
    assert_eq!(machine.port()["value"], 4141, "a link to a protected file is followed");
    let machine = machine.mode("elsewhere", 0o777);
    assert_refused(machine.loom(GET), "/etc/elsewhere can be written by users other than root");
}

#[test]
fn a_file_of_another_user_is_not_read() {
    let machine = Machine::new(PORT);
    assert_refused(machine.loom_of_another_user(GET), "config.toml is not owned by root");
}

#[test]
fn a_fifo_is_not_waited_for() {
    let machine = Machine::new(PORT);
    let file = machine.etc.join("loom/config.toml");
    fs::remove_file(&file).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o644);
    rustix::fs::mkfifoat(rustix::fs::CWD, &file, mode).unwrap();
    assert_refused(machine.loom(GET), "is not a regular file");
}

#[test]
fn an_absent_file_costs_one_open() {
    assert!(!std::path::Path::new("/etc/loom").exists(), "this machine has no such file");
    let sandbox = Sandbox::new();
    let (run, trace) = sandbox.strace(&["trace=%file,%desc"], &["which"]);
    run.code(3);
    let calls: Vec<_> = trace.lines.iter().filter(|line| line.contains("/etc/loom")).collect();
    let [call] = &calls[..] else { panic!("{calls:#?}") };
    assert!(call.contains("openat(") && call.contains("ENOENT"), "{call}");
}
