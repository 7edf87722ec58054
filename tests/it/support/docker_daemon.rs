//! [`DockerDaemon`]: Docker's daemon, in namespaces of its own.

use std::{path::Path, process::Command};

use super::namespaces::{DEBIAN_PATH, Namespaces};

/// The first process of the namespaces: it gives the daemon empty folders, and becomes it.
const INIT: &str = "for folder in /run /var/lib /etc/docker; do mount -t tmpfs none $folder; done && \
    exec dockerd --storage-driver=vfs --insecure-registry=127.0.0.0/8 --data-root=\"$0/data\" --exec-root=\"$0/exec\" \
    --pidfile=\"$0/pid\" --host=\"unix://$0/socket\"";

/// The options of a daemon that has the network of the tests, where it can reach their registries: its containers get none,
/// and nothing is changed in that of the machine.
const WITHOUT_BRIDGE: &str = " --bridge=none --iptables=false --ip-masq=false";

/// A daemon with its containers. When dropped, all of them are killed, and nothing stays.
#[derive(Debug)]
pub struct DockerDaemon(Namespaces);

impl DockerDaemon {
    /// Starts a daemon that reaches the registries of the tests, and whose containers have no network; `None` where this process
    /// is not root.
    pub fn start() -> Option<Self> {
        Self::of(Namespaces::start("docker", false, &format!("{INIT}{WITHOUT_BRIDGE}"))?)
    }

    /// Starts a daemon in a network of its own, with a bridge and published ports as on any machine; `None` where this process is
    /// not root.
    pub fn with_bridge() -> Option<Self> {
        Self::of(Namespaces::start("docker", true, &format!("ip link set lo up && {INIT}"))?)
    }

    fn of(namespaces: Namespaces) -> Option<Self> {
        let mut daemon = Self(namespaces);
        let answers = |namespaces: &Namespaces| {
            client(namespaces, &["version"]).output().is_ok_and(|output| output.status.success())
        };
        daemon.0.wait("Docker's daemon (Debian's package docker.io) answers", answers);
        Some(daemon)
    }

    /// Docker's client.
    pub fn docker(&self, args: &[&str]) -> Command {
        client(&self.0, args)
    }

    /// A program in the network of the daemon.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.0.enter(&["--net"], program.as_ref());
        command.env("PATH", DEBIAN_PATH);
        command
    }
}

/// Docker's client: that of Debian, though one of another origin may be before it in the path.
fn client(namespaces: &Namespaces, args: &[&str]) -> Command {
    let socket = format!("unix://{}/socket", namespaces.folder().display());
    let mut docker = Command::new("/usr/bin/docker");
    docker.args(["--host", &socket]).args(args).stdin(std::process::Stdio::null());
    docker.env_clear().env("PATH", DEBIAN_PATH).env("HOME", namespaces.folder());
    docker
}
