//! A small real HTTP/1.1 server over a folder: ranges, strong entity tags, persistent connections.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use loom_source::Digest;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What the server does besides serving files.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The `Authorization` header that every request must carry.
    pub authorization: Option<String>,
    /// What is answered for files that are not there; 404 unless given.
    pub missing: Option<u16>,
    /// What is answered for everything.
    pub always: Option<u16>,
}

/// A server; it ends when dropped.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(root: PathBuf, rules: Rules) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let (log, count) = (requests.clone(), connections.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *count.lock().unwrap() += 1;
                let (root, rules, log) = (root.clone(), rules.clone(), log.clone());
                tokio::spawn(async move {
                    // A client that goes away is no failure of the server.
                    let _ = serve(stream, root, rules, log).await;
                });
            }
        });
        Ok(Self { address, requests, connections, task })
    }

    /// The paths asked for since the last call.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

async fn serve(
    stream: TcpStream,
    root: PathBuf,
    rules: Rules,
    log: Arc<Mutex<Vec<String>>>,
) -> io::Result<()> {
    // Head and body are written one after the other; without this the second waits for an acknowledgement.
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some((path, headers)) = request(&mut stream).await? {
        log.lock().unwrap().push(path.clone());
        let (status, lines, body) = answer(&root, &rules, &path, &headers);
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

/// A request's path and headers, by lower-case name; `None` at the end of the connection.
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

fn answer(
    root: &std::path::Path,
    rules: &Rules,
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
    let holds = headers.get("if-range").is_none_or(|held| *held == tag);
    let Some(from) = from.filter(|_| holds) else { return (200, lines, bytes) };
    if from >= bytes.len() {
        return (416, vec![format!("Content-Range: bytes */{}", bytes.len())], vec![]);
    }
    lines.push(format!("Content-Range: bytes {from}-{}/{}", bytes.len() - 1, bytes.len()));
    (206, lines, bytes[from..].to_vec())
}
