//! The S3 server of the Python package moto. It accepts every signature, and refuses requests without one.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

/// A server; it stops when dropped.
#[derive(Debug)]
pub struct MotoServer {
    /// The address that the server listens on: `127.0.0.1:PORT`.
    pub address: String,
    child: Child,
}

impl Drop for MotoServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl MotoServer {
    /// Starts a server, on a port that the operating system picks. The program is `bin/moto_server` in the Python
    /// environment that `LOOM_TEST_VENV` names.
    pub fn start() -> Self {
        let venv =
            std::env::var_os("LOOM_TEST_VENV").expect("LOOM_TEST_VENV; `cargo xtask test` sets it");
        let mut child = Command::new(Path::new(&venv).join("bin/moto_server"))
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto_server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("Running on http://")?.1.trim().to_owned()));
        // The server logs each request: an unread pipe would fill up and block it.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { address: address.expect("moto_server prints its address"), child }
    }

    /// Makes a bucket that holds exactly the files of `folder`, below `prefix`.
    pub fn fill(&self, bucket: &str, prefix: &str, folder: &Path) {
        self.request("PUT", bucket, b"");
        for key in self.keys(bucket) {
            self.request("DELETE", &format!("{bucket}/{key}"), b"");
        }
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in std::fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let key = path.strip_prefix(folder).unwrap().to_str().unwrap();
                let bytes = std::fs::read(&path).unwrap();
                self.request("PUT", &format!("{bucket}/{prefix}/{key}"), &bytes);
            }
        }
    }

    fn keys(&self, bucket: &str) -> Vec<String> {
        let listing = String::from_utf8(self.request("GET", bucket, b"")).unwrap();
        let keys = listing.split("<Key>").skip(1);
        keys.map(|rest| rest.split("</Key>").next().unwrap().to_owned()).collect()
    }

    fn request(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let credential = "x/20260101/us-east-1/s3/aws4_request";
        let head = format!(
            "{method} /{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/octet-stream\r\nAuthorization: AWS4-HMAC-SHA256 Credential={credential}, \
             SignedHeaders=host, Signature=x\r\n\r\n",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        assert!(response.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&response));
        response
    }
}
