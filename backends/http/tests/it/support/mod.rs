//! A server that follows a script, connection by connection.

#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod tls;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::StreamExt as _;
use loom_base::Backoff;
use loom_http::{Client, GetRequest, NetworkSettings, RequestRetry};
use loom_source::{Download, SourceError};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

/// A step of a script.
#[derive(Debug, Clone)]
pub enum ScriptStep {
    /// Reads one request.
    Read,
    /// Reads this many bytes of a body, in pieces of at most 64 KiB with a pause before each.
    ReadBody(usize, Duration),
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Waits for this time.
    Pause(Duration),
    /// Keeps the connection open and idle.
    Hold,
    /// Sends a byte every few milliseconds until the client closes the connection.
    Drip,
}

/// A server with a script: the steps for each connection, which is closed after the last one.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn new(script: Vec<Vec<ScriptStep>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        let task = tokio::spawn(async move {
            let mut held = Vec::new();
            for steps in script {
                let Ok((stream, _)) = listener.accept().await else { return };
                held.push(tokio::spawn(follow(stream, steps, log.clone())));
            }
            futures::future::join_all(held).await;
        });
        Self { address, requests, task }
    }

    /// A server that sends each response on a connection of its own.
    pub async fn responding(responses: &[&str]) -> Self {
        let steps = |response: &&str| {
            vec![ScriptStep::Read, ScriptStep::Send(response.as_bytes().to_vec())]
        };
        Self::new(responses.iter().map(steps).collect()).await
    }

    pub fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    /// The heads of the requests so far, in lower case.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn follow(stream: TcpStream, steps: Vec<ScriptStep>, log: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    for step in steps {
        match step {
            ScriptStep::Read => {
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                log.lock().unwrap().push(head.to_lowercase());
            }
            ScriptStep::ReadBody(mut left, pause) => {
                let mut piece = vec![0; 64 * 1024];
                while left > 0 {
                    tokio::time::sleep(pause).await;
                    let most = left.min(piece.len());
                    match stream.read(&mut piece[..most]).await {
                        Ok(0) | Err(_) => return,
                        Ok(n) => left -= n,
                    }
                }
            }
            ScriptStep::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            ScriptStep::Pause(time) => tokio::time::sleep(time).await,
            ScriptStep::Hold => std::future::pending().await,
            ScriptStep::Drip => {
                while stream.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
    }
}

/// A client with a long timeout and short pauses between retries.
pub fn client() -> Client {
    with(|_| {})
}

pub fn with(change: impl FnOnce(&mut NetworkSettings)) -> Client {
    let retry = RequestRetry {
        attempts: 3,
        backoff: Backoff { first: Duration::from_millis(1), longest: Duration::from_secs(1) },
    };
    let mut network =
        NetworkSettings { timeout: Duration::from_secs(30), retry, ..NetworkSettings::default() };
    change(&mut network);
    Client::new(network).unwrap()
}

/// The bytes of a download, and the error with which it ended.
pub async fn read(mut download: Download) -> (Vec<u8>, Option<SourceError>) {
    let mut bytes = Vec::new();
    while let Some(piece) = download.body.next().await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(error) => return (bytes, Some(error)),
        }
    }
    (bytes, None)
}

/// The error of a request, or of its body.
pub async fn failure(client: &Client, get: GetRequest) -> SourceError {
    match client.get(&get).await {
        Err(error) => error,
        Ok(None) => panic!("absent"),
        Ok(Some(response)) => read(response.download).await.1.expect("an error"),
    }
}
