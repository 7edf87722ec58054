//! Debian's `docker-registry` (the registry of the CNCF project Distribution) over a folder.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The user of a registry that asks for a password, and the password.
pub const USER: &str = "ada";
/// See [`USER`].
pub const PASSWORD: &str = "s3cret-w0rd";

/// `ada:s3cret-w0rd` as `htpasswd` writes it.
const HTPASSWD: &str = "ada:$2a$05$abcdefghijklmnopqrstuuxkfnsT92cmKajQ/1kES5QAXehS5Jpc.\n";

/// Who may read and write a registry.
#[derive(Debug, Clone)]
pub enum RegistryAccess {
    /// Everybody has access.
    Open,
    /// [`USER`] with [`PASSWORD`].
    Password,
    /// Who has a token of a realm has access.
    Token {
        /// The URL of the realm.
        realm: String,
        /// The realm's certificate, in PEM.
        certificate: String,
    },
}

/// A running registry; it stops when dropped.
#[derive(Debug)]
pub struct DockerRegistry {
    /// The address that the registry listens on: `127.0.0.1:PORT`.
    pub address: String,
    child: Child,
    work: tempfile::TempDir,
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl DockerRegistry {
    /// Starts a registry on a port that the operating system picks, over a new folder.
    pub fn start(access: &RegistryAccess) -> Self {
        Self::configured(access, true)
    }

    /// Starts a registry that deletes nothing, as it is without a setting.
    pub fn without_deletion(access: &RegistryAccess) -> Self {
        Self::configured(access, false)
    }

    fn configured(access: &RegistryAccess, deletes: bool) -> Self {
        let work = tempfile::Builder::new().prefix("loom-registry-").tempdir().unwrap();
        let file = work.path().join("config.yml");
        fs::create_dir(work.path().join("data")).unwrap();
        fs::write(&file, configuration(work.path(), access, deletes)).unwrap();
        let log = fs::File::create(work.path().join("access.log")).unwrap();
        let mut child = Command::new(program())
            .arg("serve")
            .arg(&file)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::piped())
            .spawn()
            .expect("docker-registry starts (Debian's package docker-registry)");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("listening on ")?;
            Some(rest.split(['"', ' ', ',']).next()?.to_owned())
        });
        // The server logs each request: an unread pipe would fill up and block it.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { address: address.expect("docker-registry logs its address"), child, work }
    }

    /// The folder of the registry's files.
    pub fn data(&self) -> PathBuf {
        self.work.path().join("data")
    }

    /// The requests so far, each as method, path and status.
    pub fn requests(&self) -> Vec<String> {
        let text = self.settled_log();
        let request = |line: &str| {
            let mut quoted = line.split('"');
            let (request, status) = (quoted.nth(1)?, quoted.next()?);
            let (mut words, status) = (request.split(' '), status.split_whitespace().next()?);
            Some(format!("{} {} {status}", words.next()?, words.next()?))
        };
        text.lines().filter_map(request).collect()
    }

    /// The log of requests. A request is logged after its response, so that the last ones may still be missing.
    fn settled_log(&self) -> String {
        let read = || fs::read_to_string(self.work.path().join("access.log")).unwrap_or_default();
        let mut text = read();
        loop {
            std::thread::sleep(Duration::from_millis(100));
            let later = read();
            if later == text {
                return text;
            }
            text = later;
        }
    }
}

fn program() -> PathBuf {
    let paths = ["/usr/bin/docker-registry", "/usr/local/bin/docker-registry"];
    let found = paths.into_iter().map(PathBuf::from).find(|path| path.is_file());
    found.expect("docker-registry is missing; `cargo xtask test` installs Debian's package")
}

fn configuration(work: &Path, access: &RegistryAccess, deletes: bool) -> String {
    let path = work.display();
    let auth = match access {
        RegistryAccess::Open => String::new(),
        RegistryAccess::Password => {
            fs::write(work.join("htpasswd"), HTPASSWD).unwrap();
            format!("auth: {{htpasswd: {{realm: Test, path: {path}/htpasswd}}}}\n")
        }
        RegistryAccess::Token { realm, certificate } => {
            fs::write(work.join("realm.pem"), certificate).unwrap();
            format!(
                "auth: {{token: {{realm: \"{realm}\", service: test, issuer: test, \
                 rootcertbundle: {path}/realm.pem}}}}\n"
            )
        }
    };
    format!(
        "version: 0.1\n\
         log: {{level: info}}\n\
         storage: {{filesystem: {{rootdirectory: {path}/data}}, delete: {{enabled: {deletes}}}}}\n\
         http: {{addr: \"127.0.0.1:0\", secret: test}}\n{auth}"
    )
}
