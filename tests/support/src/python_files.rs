//! Python's `http.server` over a folder.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// A server; it stops when dropped.
#[derive(Debug)]
pub struct PythonFiles {
    url: String,
    child: Child,
}

impl Drop for PythonFiles {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl PythonFiles {
    /// Serves `folder` with `python3 -m http.server`, on a loopback port that the operating system picks.
    pub fn serve(folder: &Path) -> Self {
        let mut child = Command::new("python3")
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        stdout.read_line(&mut line).expect("python3 prints its address");
        // Serving HTTP on 127.0.0.1 port 40001 (http://127.0.0.1:40001/) ...
        let (_, rest) = line.split_once("(http").expect("the line has a URL");
        let (url, _) = rest.split_once("/)").expect("the URL ends");
        Self { url: format!("http{url}"), child }
    }

    /// The base URL: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }
}
