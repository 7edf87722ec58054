//! A small HTTP/1.1 server over a folder: ranges, strong entity tags, persistent connections.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use loom_base::LockExt as _;
use loom_source::Digest;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What the server does instead of serving a file.
#[derive(Debug, Clone, Default)]
pub struct FileServerRules {
    /// The `Authorization` header that every request must have; others get 401.
    pub authorization: Option<String>,
    /// The status for files that do not exist; 404 where `None`.
    pub missing: Option<u16>,
    /// The status for every request.
    pub always: Option<u16>,
}

/// A server; it stops when dropped.
#[derive(Debug)]
pub struct FileServer {
    /// The address that the server listens on.
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl Drop for FileServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FileServer {
    /// Serves the folder `root` on a loopback port that the operating system picks.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub async fn start(root: PathBuf, rules: FileServerRules) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let (log, count) = (requests.clone(), connections.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *count.locked() += 1;
                let (root, rules, log) = (root.clone(), rules.clone(), log.clone());
                tokio::spawn(async move {
                    // A client may close the connection at any time.
                    let _ = serve(stream, root, rules, log).await;
                });
            }
        });
        Ok(Self { address, requests, connections, task })
    }

    /// The paths requested since the last call.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.locked())
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        *self.connections.locked()
    }
}

async fn serve(
    stream: TcpStream,
    root: PathBuf,
    rules: FileServerRules,
    log: Arc<Mutex<Vec<String>>>,
) -> io::Result<()> {
    // Head and body are written one after the other; without this the second waits for an acknowledgement.
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some((path, headers)) = request(&mut stream).await? {
        log.locked().push(path.clone());
        let (status, lines, body) = respond(&root, &rules, &path, &headers);
        let mut head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n", body.len());
        for line in lines {
            head.push_str(&line);
            head.push_str("\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.flush().await?;
    }
    Ok(())
}

/// The path of the next request and its headers by lower-case name; `None` at the end of the connection.
async fn request(
    stream: &mut BufReader<TcpStream>,
) -> io::Result<Option<(String, BTreeMap<String, String>)>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let target = line.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.to_owned()),
            None => return Ok(Some((path, headers))),
        };
    }
}

/// The status, header lines and body of the response.
fn respond(
    root: &std::path::Path,
    rules: &FileServerRules,
    path: &str,
    headers: &BTreeMap<String, String>,
) -> (u16, Vec<String>, Vec<u8>) {
    let refusal = |status: u16| (status, vec![], format!("no: {status}").into_bytes());
    if rules.authorization.is_some() && rules.authorization.as_ref() != headers.get("authorization")
    {
        return refusal(401);
    }
    if let Some(status) = rules.always {
        return refusal(status);
    }
    let file = root.join(path.trim_start_matches('/'));
    let Ok(bytes) = std::fs::read(file) else { return refusal(rules.missing.unwrap_or(404)) };
    let tag = format!("\"{}\"", Digest::of(&bytes).short());
    let mut lines = vec![format!("ETag: {tag}"), "Accept-Ranges: bytes".to_owned()];
    let range = headers.get("range").and_then(|range| range.strip_prefix("bytes="));
    let from = range.and_then(|range| range.strip_suffix('-')?.parse::<usize>().ok());
    let unchanged = headers.get("if-range").is_none_or(|known| *known == tag);
    let Some(from) = from.filter(|_| unchanged) else { return (200, lines, bytes) };
    if from >= bytes.len() {
        return (416, vec![format!("Content-Range: bytes */{}", bytes.len())], vec![]);
    }
    lines.push(format!("Content-Range: bytes {from}-{}/{}", bytes.len() - 1, bytes.len()));
    (206, lines, bytes[from..].to_vec())
}
