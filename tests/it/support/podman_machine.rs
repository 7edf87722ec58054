//! [`PodmanMachine`]: podman, in namespaces of its own.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use super::namespaces::Namespaces;

/// What works in any container: no systemd, and limits that a process without privileges may set.
const CONFIGURATION: &str = r#"
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[engine.runtimes]
runc = ["/usr/sbin/runc", "/usr/bin/runc"]
[network]
network_backend = "netavark"
"#;

/// Where root's networks are, besides.
const NETWORKS: &str = "network_config_dir = \"/run/networks\"\n";

/// The first process of the namespaces: it gives podman empty folders and another user, and waits.
const INIT: &str = r#"set -e
ip link set lo up
for folder in /run /var/lib /dev/shm; do mount -t tmpfs none $folder; done
mkdir -p /run/reader /run/etc
chown 61234:61234 /run/reader
for file in passwd group subuid subgid; do
    { cat /etc/$file 2>/dev/null || :; } > /run/etc/$file
    mount --bind /run/etc/$file /etc/$file
done
echo 'reader:x:61234:61234::/run/reader:/bin/sh' >> /etc/passwd
echo 'reader:x:61234:' >> /etc/group
echo 'reader:700000:65536' >> /etc/subuid
echo 'reader:700000:65536' >> /etc/subgid
touch "$0/ready"
exec sleep infinity"#;

/// The user that is not root.
const READER: &str = "61234";

/// The folders that programs are searched in.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Namespaces with a network, processes and folders of podman that nothing else sees. When dropped, all that runs in
/// them is killed, and nothing stays.
#[derive(Debug)]
pub struct PodmanMachine(Namespaces);

impl PodmanMachine {
    /// Makes the namespaces; `None` where this process is not root.
    pub fn new() -> Option<Self> {
        let mut namespaces = Namespaces::start("podman", true, INIT)?;
        namespaces.wait("podman has its folders", |it| it.folder().join("ready").exists());
        let folder = namespaces.folder();
        let configuration = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        configuration("containers.conf", &format!("{CONFIGURATION}{NETWORKS}"));
        configuration("rootless.conf", CONFIGURATION);
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        Some(Self(namespaces))
    }

    /// A program in the namespaces.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        self.enter(&["--net"], program.as_ref())
    }

    /// A program in the namespaces, but with the network of the tests, where it can reach their registries.
    pub fn outside(&self, program: impl AsRef<Path>) -> Command {
        self.enter(&[], program.as_ref())
    }

    /// podman in the namespaces.
    pub fn podman(&self, args: &[&str]) -> Command {
        let mut podman = self.command("podman");
        podman.args(args);
        podman
    }

    /// podman with the network of the tests, to pull images from their registry.
    pub fn pull(&self, image: &str) -> Command {
        self.rooted(&["pull", "--quiet", "--tls-verify=false", image])
    }

    /// podman of root, with the network of the tests.
    pub fn rooted(&self, args: &[&str]) -> Command {
        let mut podman = self.outside("podman");
        podman.args(args);
        podman
    }

    /// podman of a user that is not root, with the network of the tests.
    pub fn rootless(&self, args: &[&str]) -> Command {
        let mut podman = self.outside("setpriv");
        podman.args(["--reuid", READER, "--regid", READER, "--clear-groups", "podman"]);
        podman.args(["--storage-driver", "vfs"]).args(args);
        podman.env("CONTAINERS_CONF", self.0.folder().join("rootless.conf"));
        podman.env("HOME", "/run/reader").env("XDG_RUNTIME_DIR", "/run/reader");
        podman
    }

    fn enter(&self, namespaces: &[&str], program: &Path) -> Command {
        let mut command = self.0.enter(&[&["--mount", "--pid"], namespaces].concat(), program);
        command.env("PATH", PATH).env("CONTAINERS_CONF", self.0.folder().join("containers.conf"));
        command
    }
}
