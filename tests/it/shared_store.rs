//! A store that several users of a machine have: one that others only read, and one that a group shares.
//!
//! Only root can become other users: elsewhere these tests do nothing.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Plain, Run, Running, Sandbox};

/// The group that shares a store.
const GROUP: u32 = 60_010;

/// Some users of one machine.
struct Machine {
    sandbox: Sandbox,
    mirror: Plain,
    store: PathBuf,
}

/// A user, by its id, with a home folder.
struct User<'m> {
    machine: &'m Machine,
    id: u32,
}

impl Machine {
    /// A machine with a mirror; `None` where this process cannot become other users.
    fn new(versions: &[&str]) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("not tested: only root can become other users");
            return None;
        }
        let (sandbox, mirror) = (Sandbox::new(), Plain::of(versions));
        let store = sandbox.folder("store");
        fs::copy(Sandbox::program(), sandbox.root().join("loom")).unwrap();
        for folder in [sandbox.root(), mirror.path()] {
            let status = Command::new("chmod").args(["-R", "a+rX"]).arg(folder).status();
            assert!(status.unwrap().success());
        }
        Some(Self { sandbox, mirror, store })
    }

    fn user(&self, id: u32) -> User<'_> {
        let user = User { machine: self, id };
        let config = user.home().join(".config/loom");
        fs::create_dir_all(&config).unwrap();
        own(&user.home(), id);
        user
    }

    /// Gives the folder of the store to a user and the group.
    fn give_store(&self, owner: u32, mode: u32) {
        std::os::unix::fs::chown(&self.store, Some(owner), Some(GROUP)).unwrap();
        fs::set_permissions(&self.store, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The names in `store/` of the store.
    fn trees(&self) -> Vec<String> {
        crate::support::sandbox::names(&self.store.join("store"))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        crate::support::sandbox::make_removable(&self.store);
    }
}

fn own(folder: &Path, user: u32) {
    let owner = format!("{user}:{GROUP}");
    assert!(Command::new("chown").args(["-R", &owner]).arg(folder).status().unwrap().success());
}

impl User<'_> {
    fn home(&self) -> PathBuf {
        self.machine.sandbox.root().join(format!("home-{}", self.id))
    }

    /// Says in the user's own configuration that the group shares the store.
    fn shares(self) -> Self {
        let file = self.home().join(".config/loom/config.toml");
        fs::write(file, "[store]\nshared = \"group\"\n").unwrap();
        own(&self.home(), self.id);
        self
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = self.machine.sandbox.command(program);
        command.env("HOME", self.home()).env("LOOM_CACHE_DIR", &self.machine.store);
        command.current_dir(self.home()).uid(self.id).gid(GROUP);
        command
    }

    fn loom(&self, args: &[&str]) -> Run {
        let mut command = self.command(&self.machine.sandbox.root().join("loom"));
        command.args(args);
        self.machine.sandbox.start(args, command).wait()
    }

    fn get(&self, version: &str) -> Run {
        self.loom(&["get", "--source", &self.machine.mirror.url(), "--version", version])
    }

    /// Holds a lock on a file of the store, exclusive, until it is killed; `None` where the user may not open it.
    fn hold(&self, file: &str) -> Option<Running> {
        let held = self.home().join("held");
        let mut command = self.command(Path::new("flock"));
        let script = format!("touch '{}'; exec sleep 60", held.display());
        command.args(["--exclusive", "--no-fork"]).arg(self.machine.store.join(file));
        command.args(["sh", "-c", &script]);
        let mut running = self.machine.sandbox.start(&["flock"], command);
        while !held.exists() {
            if running.ended() {
                return None;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        fs::remove_file(held).unwrap();
        Some(running)
    }
}

#[test]
fn the_members_of_a_group_share_a_store() {
    let Some(machine) = Machine::new(&["0.1.0", "0.2.0", "0.3.0"]) else { return };
    machine.give_store(60_001, 0o2775);
    let (one, two) = (machine.user(60_001).shares(), machine.user(60_002).shares());
    one.get("0.1.0").ok();
    two.get("0.1.0").ok();
    two.get("0.2.0").ok();
    one.loom(&["which", "--version", "0.2.0"]).ok();
    // The other one's tree is taken away, and deleted by its owner's next run.
    two.loom(&["remove", "0.1.0"]).ok();
    two.loom(&["which", "--version", "0.1.0"]).code(3);
    assert!(
        machine.trees().iter().any(|name| name.starts_with(".trash-")),
        "{:?}",
        machine.trees()
    );
    one.get("0.3.0").ok();
    assert_eq!(machine.trees().len(), 2, "{:?}", machine.trees());
    // A damaged tree of the other one is replaced.
    let entry = fs::canonicalize(one.loom(&["which", "--version", "0.3.0"]).ok().path()).unwrap();
    fs::write(&entry, "damage").unwrap();
    let url = machine.mirror.url();
    two.loom(&["get", "--source", &url, "--version", "0.3.0", "--force-download"]).ok();
    for user in [&one, &two] {
        user.loom(&["store", "verify"]).ok();
        user.loom(&["remove", "0.9.9"]).code(3);
    }
}

#[test]
fn without_the_setting_the_members_of_a_group_do_not_write_a_store() {
    let Some(machine) = Machine::new(&["0.1.0", "0.2.0"]) else { return };
    machine.give_store(60_001, 0o2775);
    let (one, two) = (machine.user(60_001).shares(), machine.user(60_002));
    one.get("0.1.0").ok();
    two.loom(&["which", "--version", "0.1.0"]).ok();
    let refused = two.get("0.2.0");
    assert_ne!(refused.exit(), 0);
    refused.says(&["belongs to another user", "store.shared = \"group\""]);
    // A project cannot share it.
    let project = two.home().join("loom.toml");
    fs::write(&project, "[store]\nshared = \"group\"\n").unwrap();
    two.get("0.2.0").says(&["has no effect in the file of a project", "belongs to another user"]);
    machine.give_store(60_001, 0o777);
    one.loom(&["which", "--version", "0.1.0"]).says(&["every user of this machine can write it"]);
    machine.give_store(60_001, 0o775);
    one.get("0.2.0").says(&["not set-group-id", "chmod 2775"]);
}

#[test]
fn a_reader_cannot_stop_the_owner_and_is_named() {
    let Some(machine) = Machine::new(&["0.1.0", "0.2.0"]) else { return };
    machine.give_store(60_001, 0o755);
    let (owner, reader) = (machine.user(60_001), machine.user(60_002));
    owner.get("0.1.0").ok();
    let tree = machine.trees().remove(0);
    reader.loom(&["which", "--version", "0.1.0"]).ok();
    for name in crate::support::sandbox::names(&machine.store.join("locks")) {
        assert!(reader.hold(&format!("locks/{name}")).is_none(), "{name}");
    }
    let lease = machine.store.join("leases").join(&tree);
    fs::create_dir_all(lease.parent().unwrap()).unwrap();
    fs::write(&lease, "").unwrap();
    own(&machine.store, 60_001);
    let held = reader.hold(&format!("leases/{tree}")).unwrap();
    owner.get("0.2.0").ok();
    let busy = owner.loom(&["remove", "0.1.0"]).code(9);
    busy.says(&["is in use", &format!("process {}", held.pid()), "of the user with the id 60002"]);
    owner.loom(&["which", "--version", "0.1.0"]).ok();
    held.kill();
    owner.loom(&["remove", "0.1.0"]).ok();
    owner.loom(&["store", "verify"]).ok();
}
