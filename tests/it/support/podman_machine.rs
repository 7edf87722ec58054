//! [`PodmanMachine`]: podman, in namespaces of its own.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

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
const INIT: &str = "set -e
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
echo ready
exec sleep infinity";

/// The user that is not root.
const READER: &str = "61234";

/// Namespaces with a network, processes and folders of podman that nothing else sees. When dropped, all that runs in
/// them is killed, and nothing stays.
#[derive(Debug)]
pub struct PodmanMachine {
    unshare: Child,
    /// The first process, as it is named outside.
    init: String,
    folder: tempfile::TempDir,
}

impl Drop for PodmanMachine {
    fn drop(&mut self) {
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
    }
}

impl PodmanMachine {
    /// Makes the namespaces; `None` where this process is not root.
    pub fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("not tested: only root can have a network of its own");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("loom-podman-").tempdir().unwrap();
        let configuration =
            |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        configuration("containers.conf", &format!("{CONFIGURATION}{NETWORKS}"));
        configuration("rootless.conf", CONFIGURATION);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut unshare = Command::new("unshare")
            .args(["--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"])
            .args(["sh", "-c", INIT])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare starts (Debian's package util-linux)");
        let mut line = String::new();
        BufReader::new(unshare.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let children = format!("/proc/{0}/task/{0}/children", unshare.id());
        let init = fs::read_to_string(children).unwrap().trim().to_owned();
        Some(Self { unshare, init, folder })
    }

    /// A program in the namespaces.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        self.enter(&["--net"], program.as_ref())
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
        let mut podman = self.enter(&[], Path::new("podman"));
        podman.args(args);
        podman
    }

    /// podman of a user that is not root, with the network of the tests.
    pub fn rootless(&self, args: &[&str]) -> Command {
        let mut podman = self.enter(&[], Path::new("setpriv"));
        podman.args(["--reuid", READER, "--regid", READER, "--clear-groups", "podman"]);
        podman.args(["--storage-driver", "vfs"]).args(args);
        podman.env("CONTAINERS_CONF", self.folder.path().join("rootless.conf"));
        podman.env("HOME", "/run/reader").env("XDG_RUNTIME_DIR", "/run/reader");
        podman
    }

    fn enter(&self, namespaces: &[&str], program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.init, "--mount", "--pid"]).args(namespaces);
        command.arg("--").arg(program).env_clear().stdin(Stdio::null());
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("HOME", self.folder.path());
        command.env("CONTAINERS_CONF", self.folder.path().join("containers.conf"));
        command
    }
}
