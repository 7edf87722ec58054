//! Real proxies, and a name that only they resolve.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::Sandbox;

/// A name for this machine that resolves only in commands of [`with_hosts`].
pub const NAME: &str = "mirror.test";

/// The user and password that every proxy requires.
pub const LOGIN: &str = "user:s3cret";

/// A running proxy; stopped when dropped. It resolves [`NAME`].
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    child: Child,
    work: tempfile::TempDir,
}

impl Proxy {
    /// Debian's tinyproxy: HTTP and CONNECT.
    pub fn http() -> Self {
        Self::start(|work, port| {
            let file = work.join("tinyproxy.conf");
            let text =
                format!("Port {port}\nListen 127.0.0.1\nLogLevel Connect\nBasicAuth user s3cret\n");
            fs::write(&file, text).unwrap();
            vec!["tinyproxy".into(), "-d".into(), "-c".into(), file]
        })
    }

    /// Debian's microsocks: SOCKS 5.
    pub fn socks() -> Self {
        Self::start(|_, port| {
            let port = port.to_string();
            let words =
                ["microsocks", "-i", "127.0.0.1", "-p", &port, "-u", "user", "-P", "s3cret"];
            words.map(PathBuf::from).to_vec()
        })
    }

    /// `{scheme}://user:s3cret@127.0.0.1:…`
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{LOGIN}@127.0.0.1:{}", self.port)
    }

    /// The same with a wrong password.
    pub fn url_with_wrong_password(&self, scheme: &str) -> String {
        format!("{scheme}://user:wrong@127.0.0.1:{}", self.port)
    }

    /// Its log, with at least one line for each connection.
    pub fn log(&self) -> String {
        fs::read_to_string(self.work.path().join("log")).unwrap_or_default()
    }

    /// Starts a proxy on a free port, and again on another one if a different process has taken the port in between:
    /// neither proxy accepts a socket that is already open.
    fn start(words: impl Fn(&Path, u16) -> Vec<PathBuf>) -> Self {
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let work = tempfile::Builder::new().prefix("loom-proxy-").tempdir().unwrap();
            let log = fs::File::create(work.path().join("log")).unwrap();
            let words = words(work.path(), port);
            let mut command = with_hosts(Command::new("unshare"), work.path(), &words[0]);
            command.args(&words[1..]).stdin(Stdio::null());
            command.stdout(log.try_clone().unwrap()).stderr(log);
            let child = command.spawn().expect("unshare starts");
            let mut proxy = Self { port, child, work };
            if proxy.answers() {
                return proxy;
            }
        }
        panic!("no proxy could be started (Debian's packages tinyproxy-bin and microsocks)");
    }

    fn answers(&mut self) -> bool {
        let mut ended = false;
        super::until("the proxy listens", || {
            ended = self.child.try_wait().unwrap().is_some();
            ended || TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        });
        !ended
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sandbox {
    /// A sandbox without any proxy.
    pub fn direct() -> Self {
        let mut sandbox = Self::new();
        sandbox.unset("HTTPS_PROXY");
        sandbox
    }
}

/// Adds arguments to `unshare` that run `program` with an `/etc/hosts`, written below `work`, in which [`NAME`] is this
/// machine.
pub fn with_hosts(unshare: Command, work: &Path, program: impl AsRef<Path>) -> Command {
    let hosts = work.join("hosts");
    fs::write(&hosts, format!("127.0.0.1 localhost {NAME}\n")).unwrap();
    in_mount_namespace(unshare, &format!("mount --bind '{}' /etc/hosts", hosts.display()), program)
}

/// Adds arguments to `unshare` that run `program` with an empty `/etc/ssl`, as in a minimal container.
pub fn without_certificates(unshare: Command, program: impl AsRef<Path>) -> Command {
    in_mount_namespace(unshare, "mount -t tmpfs none /etc/ssl", program)
}

/// Adds arguments to `unshare` that run the shell command `first`, then `program`, in a new mount namespace. Needs no
/// privileges.
fn in_mount_namespace(mut unshare: Command, first: &str, program: impl AsRef<Path>) -> Command {
    unshare.args(["--map-root-user", "--mount", "--", "sh", "-c"]);
    unshare.arg(format!("{first} && exec \"$@\"")).arg("sh").arg(program.as_ref());
    unshare
}
