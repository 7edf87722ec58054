//! A proxy that counts the bytes of responses, and can cut one.

use std::{
    io::{self, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use loom_base::LockExt as _;

/// A request, and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxiedRequest {
    /// `GET`, `HEAD`, …
    pub method: String,
    /// The path, from `/`, with its query.
    pub path: String,
    /// The header `Range`.
    pub range: Option<String>,
    /// The status of the response; 0 where there was none.
    pub status: u16,
    /// The number of bytes of the body that the client was sent.
    pub sent: u64,
}

/// The proxy; it stops when dropped. Each connection serves one request.
#[derive(Debug)]
pub struct CuttingProxy {
    /// The address that the proxy listens on.
    pub address: SocketAddr,
    shared: Arc<SharedState>,
}

#[derive(Debug)]
struct SharedState {
    upstream: String,
    requests: Mutex<Vec<ProxiedRequest>>,
    /// The ending of a path whose next response is cut, and after how many bytes.
    cut: Mutex<Option<(String, u64)>>,
    stopped: AtomicBool,
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl CuttingProxy {
    /// Forwards requests to the server at `upstream` (`127.0.0.1:PORT`), on a loopback port that the operating system picks.
    ///
    /// # Panics
    /// Where no port can be bound.
    pub fn start(upstream: impl Into<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(SharedState {
            upstream: upstream.into(),
            requests: Mutex::default(),
            cut: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if of_thread.stopped.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&of_thread);
                // A client may close the connection at any time.
                thread::spawn(move || shared.forward(&client));
            }
        });
        Self { address, shared }
    }

    /// Sends only this many bytes of the next body for a path with this ending, and keeps the connection open until the
    /// client closes it.
    pub fn cut(&self, ending: &str, after: u64) {
        *self.shared.cut.locked() = Some((ending.to_owned(), after));
    }

    /// The requests so far for paths with this ending.
    pub fn requests(&self, ending: &str) -> Vec<ProxiedRequest> {
        let mut requests = self.shared.requests.locked().clone();
        requests.retain(|request| request.path.ends_with(ending));
        requests
    }
}

impl SharedState {
    /// Forwards the one request of a connection, and the response to it.
    fn forward(&self, client: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(client);
        let (line, headers) = read_head(&mut reader)?;
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (method, path) = (word(), word());
        let range = header(&headers, "range");
        let mut body = vec![0; length(&headers).unwrap_or(0) as usize];
        reader.read_exact(&mut body)?;
        let cut = self.cut.locked().take_if(|(ending, _)| path.ends_with(ending.as_str()));
        let is_head = method == "HEAD";
        let at = {
            let mut requests = self.requests.locked();
            requests.push(ProxiedRequest { method, path, range, status: 0, sent: 0 });
            requests.len() - 1
        };
        let mut server = TcpStream::connect(&self.upstream)?;
        server.write_all(&head(&line, &headers))?;
        server.write_all(&body)?;
        let mut answer = BufReader::new(server);
        let (line, headers) = read_head(&mut answer)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        self.requests.locked()[at].status = status.unwrap_or(0);
        (&*client).write_all(&head(&line, &headers))?;
        let all = if is_head { 0 } else { length(&headers).unwrap_or(u64::MAX) };
        let most = cut.as_ref().map_or(all, |(_, after)| all.min(*after));
        let mut rest = answer.take(most);
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let count = rest.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            (&*client).write_all(&buffer[..count])?;
            self.requests.locked()[at].sent += count as u64;
        }
        if cut.is_some() {
            let _ = reader.read(&mut buffer);
        }
        client.shutdown(Shutdown::Both)
    }
}

/// The first line and the headers of a request or a response.
fn read_head(reader: &mut impl io::BufRead) -> io::Result<(String, Vec<(String, String)>)> {
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok((first.trim_end().to_owned(), headers))
}

fn header(headers: &[(String, String)], name: &str) -> Option<String> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

fn length(headers: &[(String, String)]) -> Option<u64> {
    header(headers, "content-length")?.parse().ok()
}

/// The same first line and headers, for a connection that is closed afterwards.
fn head(first: &str, headers: &[(String, String)]) -> Vec<u8> {
    let mut text = format!("{first}\r\n");
    for (name, value) in headers.iter().filter(|(name, _)| name != "connection") {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("connection: close\r\n\r\n");
    text.into_bytes()
}
