//! Debian's nginx over a folder.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A running nginx; it stops when dropped. It needs no privileges.
#[derive(Debug)]
pub struct Nginx {
    address: SocketAddr,
    child: Child,
    work: tempfile::TempDir,
    certificates: Option<tempfile::TempDir>,
}

impl Nginx {
    /// Serves `folder` on a loopback port that the operating system picks, with `extra` lines in the `server` block.
    pub fn serve(folder: &Path, extra: &str) -> Self {
        Self::start(folder, "", extra)
    }

    /// The same over TLS, with a self-signed [certificate](Self::certificate) for `names`.
    pub fn serve_tls(folder: &Path, names: &[&str], extra: &str) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(names).unwrap();
        let own = tempfile::Builder::new().prefix("loom-cert-").tempdir().unwrap();
        let (cert_file, key_file) = (own.path().join("cert.pem"), own.path().join("key.pem"));
        fs::write(&cert_file, cert.pem()).unwrap();
        fs::write(&key_file, signing_key.serialize_pem()).unwrap();
        let (cert, key) = (cert_file.display(), key_file.display());
        let lines = format!("ssl_certificate {cert}; ssl_certificate_key {key}; {extra}");
        let mut nginx = Self::start(folder, " ssl", &lines);
        nginx.certificates = Some(own);
        nginx
    }

    fn start(folder: &Path, tls: &str, extra: &str) -> Self {
        let work = tempfile::Builder::new().prefix("loom-nginx-").tempdir().unwrap();
        // The variable NGINX hands a listening socket over, as in an upgrade of nginx: no port has to be guessed, and
        // early connections wait in the queue.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let file = work.path().join("nginx.conf");
        fs::write(&file, configuration(work.path(), folder, &format!("{address}{tls}"), extra))
            .unwrap();
        let child = Command::new(program())
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(work.path().join("error.log"))
            .arg("-p")
            .arg(work.path())
            .env_clear()
            .env("NGINX", "0;")
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx starts (Debian's package nginx-light)");
        let nginx = Self { address, child, work, certificates: None };
        nginx.probe();
        nginx
    }

    /// The base URL over plain http: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port that nginx listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The file of the certificate, in PEM.
    ///
    /// # Panics
    /// Without TLS.
    pub fn certificate(&self) -> PathBuf {
        self.certificates.as_ref().expect("nginx was started with TLS").path().join("cert.pem")
    }

    /// The requests so far: method, path, status, range and body size, one per line.
    ///
    /// nginx writes a line after it has answered, so the lines are complete once its one process answers again.
    pub fn log(&self) -> Vec<String> {
        self.probe();
        let text = fs::read_to_string(self.work.path().join("access.log")).unwrap_or_default();
        text.lines().filter(|line| !line.contains("/.probe")).map(str::to_owned).collect()
    }

    /// The size in bytes of each response's body so far.
    pub fn sent(&self) -> Vec<u64> {
        self.log().iter().filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect()
    }

    fn probe(&self) {
        let response = TcpStream::connect(self.address).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(20)))?;
            stream.write_all(b"GET /.probe HTTP/1.0\r\n\r\n")?;
            let mut response = String::new();
            stream.read_to_string(&mut response).map(|_| response)
        });
        let log = fs::read_to_string(self.work.path().join("error.log")).unwrap_or_default();
        assert!(
            // With TLS, nginx answers 400 to plain http.
            response
                .as_ref()
                .is_ok_and(|a| ["HTTP/1.1 404", "HTTP/1.1 400"].iter().any(|s| a.starts_with(s))),
            "nginx does not answer: {response:?}\n{log}"
        );
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM, not SIGKILL: the master process has to stop its worker.
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    let paths = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
    let found = paths.into_iter().map(PathBuf::from).find(|path| path.is_file());
    found.expect("nginx is missing; `cargo xtask test` installs Debian's nginx-light")
}

fn configuration(work: &Path, folder: &Path, listen: &str, extra: &str) -> String {
    let (work, folder) = (work.display(), folder.display());
    // Started by root, the worker would change to a user without access to the test's folders.
    let user = if rustix::process::getuid().is_root() { "user root;" } else { "" };
    format!(
        "daemon off;\nworker_processes 1;\n{user}\npid {work}/nginx.pid;\n\
         events {{ worker_connections 256; }}\n\
         http {{\n\
         log_format short '$request_method $uri $status $http_range $body_bytes_sent';\n\
         access_log {work}/access.log short;\n\
         client_body_temp_path {work}/a;\nproxy_temp_path {work}/b;\nfastcgi_temp_path {work}/c;\n\
         uwsgi_temp_path {work}/d;\nscgi_temp_path {work}/e;\n\
         sendfile on;\n\
         server {{ listen {listen}; root {folder}; {extra} }}\n\
         }}\n"
    )
}
