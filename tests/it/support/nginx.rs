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

/// A running nginx of its own; stopped when dropped. Needs no rights.
#[derive(Debug)]
pub struct Nginx {
    address: SocketAddr,
    child: Child,
    work: tempfile::TempDir,
    certificates: Option<tempfile::TempDir>,
}

impl Nginx {
    /// Serves `folder` on a loopback port that the system picks, with `extra` lines in the `server` block.
    pub fn serve(folder: &Path, extra: &str) -> Self {
        Self::start(folder, "", extra)
    }

    /// The same over TLS, with a certificate for `names` that nobody trusts before they are told.
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
        // nginx takes over listening sockets that NGINX names, as in its own upgrade: the port needs no guessing,
        // and whoever connects early waits in the queue.
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

    /// `http://127.0.0.1:…`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The certificate of one that speaks TLS.
    pub fn certificate(&self) -> PathBuf {
        self.certificates.as_ref().expect("it speaks TLS").path().join("cert.pem")
    }

    /// The requests so far: method, path and status a line.
    pub fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.work.path().join("access.log")).unwrap_or_default();
        text.lines().filter(|line| !line.contains("/.probe")).map(str::to_owned).collect()
    }

    /// The bytes of each answer's body so far.
    pub fn sent(&self) -> Vec<u64> {
        self.log().iter().filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect()
    }

    fn probe(&self) {
        let answer = TcpStream::connect(self.address).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(20)))?;
            stream.write_all(b"GET /.probe HTTP/1.0\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).map(|_| answer)
        });
        let log = fs::read_to_string(self.work.path().join("error.log")).unwrap_or_default();
        assert!(
            // One that speaks TLS says 400 to those who do not.
            answer
                .as_ref()
                .is_ok_and(|a| ["HTTP/1.1 404", "HTTP/1.1 400"].iter().any(|s| a.starts_with(s))),
            "nginx does not answer: {answer:?}\n{log}"
        );
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master must end its worker, so it is asked.
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    let places = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
    let found = places.into_iter().map(PathBuf::from).find(|path| path.is_file());
    found.expect("nginx is missing; `cargo xtask test` installs Debian's nginx-light")
}

fn configuration(work: &Path, folder: &Path, listen: &str, extra: &str) -> String {
    let (work, folder) = (work.display(), folder.display());
    // A worker of root's nginx would drop to a user who may not read the test's folders.
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
