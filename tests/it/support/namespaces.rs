//! [`Namespaces`]: processes with mounts and process ids of their own, which nothing of the machine is changed by.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use super::until;

/// Where Debian has its own programs.
pub const DEBIAN_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Namespaces and the processes in them. When dropped, all of these are killed, and nothing stays.
#[derive(Debug)]
pub struct Namespaces {
    unshare: Child,
    folder: tempfile::TempDir,
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        // Once the first process of its namespaces has ended, so has every other.
        let init = self.init().and_then(|text| text.parse().ok());
        let killed = init.and_then(rustix::process::Pid::from_raw).is_some_and(|init| {
            rustix::process::kill_process(init, rustix::process::Signal::KILL).is_ok()
        });
        if !killed {
            let _ = self.unshare.kill();
        }
        let _ = self.unshare.wait();
    }
}

impl Namespaces {
    /// Starts a script as the first process; its argument `$0` is a folder of its own. With a network of its own where that is
    /// asked for. `None` where this process is not root.
    pub fn start(name: &str, has_network: bool, init: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("not tested: only root can have namespaces for {name}");
            return None;
        }
        let folder = tempfile::Builder::new().prefix(&format!("loom-{name}-")).tempdir().unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut unshare = Command::new("unshare");
        if has_network {
            unshare.arg("--net");
        }
        let unshare = unshare
            .args(["--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", init])
            .arg(folder.path())
            .env_clear()
            .env("PATH", DEBIAN_PATH)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("unshare starts (Debian's package util-linux)");
        Some(Self { unshare, folder })
    }

    /// Waits until the first process has done something.
    #[track_caller]
    pub fn wait(&mut self, what: &str, happened: impl Fn(&Self) -> bool) {
        until(what, || {
            if let Some(status) = self.unshare.try_wait().unwrap() {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
                panic!("never: {what}; the first process ended with {status}:\n{log}");
            }
            happened(self)
        });
    }

    /// The folder of the first process.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A program in some of the namespaces, such as `--net`, with a home and no other variables.
    pub fn enter(&self, namespaces: &[&str], program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command.arg("--target").arg(self.init().unwrap()).args(namespaces).arg("--").arg(program);
        command.env_clear().env("HOME", self.folder.path()).stdin(Stdio::null());
        command
    }

    /// The id of the first process, as it is named outside.
    fn init(&self) -> Option<String> {
        let children = format!("/proc/{0}/task/{0}/children", self.unshare.id());
        let init = fs::read_to_string(children).ok()?;
        let init = init.trim();
        (!init.is_empty()).then(|| init.to_owned())
    }
}
