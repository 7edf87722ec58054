//! [`DockerDaemon`]: Docker's daemon, in namespaces of its own.

use std::{
    fs,
    io::Read as _,
    process::{Child, Command, Stdio},
};

use super::until;

/// The first process of the namespaces: it gives the daemon empty folders, and becomes it. Containers get no network: nothing
/// is changed in that of the machine.
const INIT: &str = "for folder in /run /var/lib /etc/docker; do mount -t tmpfs none $folder; done && \
    exec dockerd --bridge=none --iptables=false --ip-masq=false --storage-driver=vfs --insecure-registry=127.0.0.0/8 \
    --data-root=\"$0/data\" --exec-root=\"$0/exec\" --pidfile=\"$0/pid\" --host=\"unix://$0/socket\"";

/// Where Debian has its own programs: a client of another origin may be before them in the path.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// A daemon with its containers. When dropped, all of them are killed, and nothing stays.
#[derive(Debug)]
pub struct DockerDaemon {
    unshare: Child,
    folder: tempfile::TempDir,
}

impl Drop for DockerDaemon {
    fn drop(&mut self) {
        // Once the first process of its namespaces has ended, so has every other.
        let children = format!("/proc/{0}/task/{0}/children", self.unshare.id());
        let init = fs::read_to_string(children).ok().and_then(|text| text.trim().parse().ok());
        let killed = init.and_then(rustix::process::Pid::from_raw).is_some_and(|init| {
            rustix::process::kill_process(init, rustix::process::Signal::KILL).is_ok()
        });
        if !killed {
            let _ = self.unshare.kill();
        }
        let _ = self.unshare.wait();
    }
}

impl DockerDaemon {
    /// Starts a daemon; `None` where this process is not root.
    pub fn start() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("not tested: only root can start Docker's daemon");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("loom-docker-").tempdir().unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let unshare = Command::new("unshare")
            .args(["--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", INIT])
            .arg(folder.path())
            .env_clear()
            .env("PATH", PATH)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("unshare starts (Debian's package util-linux)");
        let mut daemon = Self { unshare, folder };
        until("Docker's daemon answers", || {
            if let Some(status) = daemon.unshare.try_wait().unwrap() {
                panic!(
                    "dockerd (Debian's package docker.io) ended with {status}:\n{}",
                    daemon.log()
                );
            }
            daemon.docker(&["version"]).output().is_ok_and(|output| output.status.success())
        });
        Some(daemon)
    }

    /// Docker's client.
    pub fn docker(&self, args: &[&str]) -> Command {
        let mut docker = Command::new("/usr/bin/docker");
        docker
            .arg("--host")
            .arg(format!("unix://{}/socket", self.folder.path().display()))
            .args(args);
        docker.env_clear().env("PATH", PATH).env("HOME", self.folder.path()).stdin(Stdio::null());
        docker
    }

    /// What the daemon has printed.
    fn log(&self) -> String {
        let mut text = String::new();
        let file = fs::File::open(self.folder.path().join("log"));
        file.and_then(|mut file| file.read_to_string(&mut text)).unwrap();
        text
    }
}
