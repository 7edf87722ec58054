//! A server that does exactly what it is told, connection by connection.

#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod tls;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::StreamExt as _;
use loom_http::{Client, GetRequest, NetworkSettings, RequestRetry};
use loom_source::{Download, SourceError};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

/// One thing to do on a connection.
#[derive(Debug, Clone)]
pub enum Act {
    /// Read one request.
    Read,
    /// Send these bytes.
    Send(Vec<u8>),
    /// Wait.
    Pause(Duration),
    /// Keep the connection open and do nothing.
    Hold,
    /// Send a byte every few milliseconds for as long as somebody listens.
    Drip,
}

/// A server that follows its script: one list of acts for each connection, which is then closed.
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
    pub async fn new(script: Vec<Vec<Act>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        let task = tokio::spawn(async move {
            let mut held = Vec::new();
            for acts in script {
                let Ok((stream, _)) = listener.accept().await else { return };
                held.push(tokio::spawn(follow(stream, acts, log.clone())));
            }
            futures::future::join_all(held).await;
        });
        Self { address, requests, task }
    }

    /// Each answer on a connection of its own.
    pub async fn answering(answers: &[&str]) -> Self {
        let acts = |answer: &&str| vec![Act::Read, Act::Send(answer.as_bytes().to_vec())];
        Self::new(answers.iter().map(acts).collect()).await
    }

    pub fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    /// The heads of all requests so far, in lower case.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn follow(stream: TcpStream, acts: Vec<Act>, log: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    for act in acts {
        match act {
            Act::Read => {
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
                log.lock().unwrap().push(head.to_lowercase());
            }
            Act::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Act::Pause(time) => tokio::time::sleep(time).await,
            Act::Hold => std::future::pending().await,
            Act::Drip => {
                while stream.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
    }
}

/// A client that waits long and pauses shortly.
pub fn client() -> Client {
    with(|_| {})
}

pub fn with(change: impl FnOnce(&mut NetworkSettings)) -> Client {
    let retry =
        RequestRetry { attempts: 3, base: Duration::from_millis(1), cap: Duration::from_secs(1) };
    let mut network =
        NetworkSettings { timeout: Duration::from_secs(30), retry, ..NetworkSettings::default() };
    change(&mut network);
    Client::new(network).unwrap()
}

/// What became of a body: its bytes, and the error it ended with.
pub async fn read(mut opened: Download) -> (Vec<u8>, Option<SourceError>) {
    let mut bytes = Vec::new();
    while let Some(piece) = opened.body.next().await {
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
        Ok(Some(answer)) => read(answer.opened).await.1.expect("an error"),
    }
}
