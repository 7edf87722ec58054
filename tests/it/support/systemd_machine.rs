//! [`SystemdMachine`]: systemd as the first process of namespaces.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use super::until;

/// Options for the kernel line: no questions about time zone and language, and no wait for an address of the network.
const BOOT: [&str; 4] = [
    "systemd.firstboot=off",
    "systemd.mask=systemd-firstboot.service",
    "systemd.mask=systemd-networkd-wait-online.service",
    "systemd.unit=basic.target",
];

/// A machine with this system's programs and nothing else of it: its own network, processes, users and empty folders.
/// When dropped, all that runs in it is killed.
#[derive(Debug)]
pub struct SystemdMachine {
    nspawn: Child,
    /// The first process, as it is named outside.
    init: String,
}

impl Drop for SystemdMachine {
    fn drop(&mut self) {
        // systemd would shut down on SIGTERM and wait for its console; with its first process the namespace ends.
        let _ = Command::new("kill").args(["-KILL", &self.init]).stderr(Stdio::null()).status();
        let _ = self.nspawn.kill();
        let _ = self.nspawn.wait();
    }
}

impl SystemdMachine {
    /// Boots systemd with `files`, each of this system and where it is in the machine; `None` where this process is not
    /// root.
    pub fn boot(files: &[(&Path, &str)]) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("not tested: only root can boot systemd");
            return None;
        }
        let name = format!("loom-test-{}", std::process::id());
        let mut nspawn = Command::new("systemd-nspawn");
        nspawn.args(["--quiet", "--volatile=yes", "--directory=/", "--boot", "--private-network"]);
        nspawn.args(["--register=no", "--keep-unit", "--console=passive", "--machine", &name]);
        for (file, inside) in files {
            nspawn.arg(format!("--bind-ro={}:{inside}", file.display()));
        }
        nspawn.args(BOOT).stdin(Stdio::null()).stdout(Stdio::null());
        let nspawn = nspawn.spawn().expect("systemd-nspawn starts (package systemd-container)");
        let children = format!("/proc/{0}/task/{0}/children", nspawn.id());
        let mut machine = Self { nspawn, init: String::new() };
        // A first child makes the namespaces, and then the one that becomes systemd.
        until("systemd is started", || {
            machine.init = fs::read_to_string(&children).unwrap_or_default().trim().to_owned();
            let name = fs::read_to_string(format!("/proc/{}/comm", machine.init));
            name.is_ok_and(|name| name == "systemd\n")
        });
        let booted = || {
            let mut active = machine.systemctl(&["is-active", "--quiet", "basic.target"]);
            active.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        };
        until("systemd has booted", booted);
        Some(machine)
    }

    /// A program in the machine, of its root.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.init, "--all", "--", program]);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin").stdin(Stdio::null());
        command
    }

    /// `systemctl` in the machine.
    pub fn systemctl(&self, args: &[&str]) -> Command {
        let mut systemctl = self.command("systemctl");
        systemctl.args(args);
        systemctl
    }

    /// A property of a unit.
    pub fn property(&self, unit: &str, property: &str) -> String {
        let mut show = self.systemctl(&["show", "--value", "--property", property, unit]);
        String::from_utf8(show.output().expect("nsenter starts").stdout).unwrap().trim().to_owned()
    }
}
