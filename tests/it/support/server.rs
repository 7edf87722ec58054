//! A small HTTP/1.1 file server that records requests and injects faults.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use super::faults::{Fault, Gate};

/// A received request and the status of its response.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `HEAD`, …
    pub method: String,
    /// The path, from `/`.
    pub path: String,
    /// The headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The status of the response; 0 if there was none.
    pub status: u16,
}

impl Request {
    /// The `Range` header.
    pub fn range(&self) -> Option<&str> {
        self.headers.get("range").map(String::as_str)
    }
}

/// The server; it stops when dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    requests: Mutex<Vec<Request>>,
    rules: Mutex<Vec<Rule>>,
    connections: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
    etags: AtomicU64,
}

#[derive(Debug)]
struct Rule {
    ending: String,
    fault: Fault,
    left: usize,
}

impl Server {
    /// Serves a folder on a loopback port that the system picks.
    pub fn serve(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            root: folder.to_owned(),
            requests: Mutex::default(),
            rules: Mutex::default(),
            connections: Mutex::default(),
            stopped: AtomicBool::new(false),
            etags: AtomicU64::new(0),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || of_thread.accept(&listener));
        Self { address, shared }
    }

    /// `http://127.0.0.1:…`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Injects this fault into every request for a path with this ending.
    pub fn fault(&self, ending: &str, fault: Fault) -> &Self {
        self.fault_times(ending, fault, usize::MAX)
    }

    /// Injects this fault into the next `times` requests for a path with this ending.
    pub fn fault_times(&self, ending: &str, fault: Fault, times: usize) -> &Self {
        let rule = Rule { ending: ending.to_owned(), fault, left: times };
        self.shared.rules.lock().unwrap().push(rule);
        self
    }

    /// Sends only `sent` bytes to the next request for a path with this ending until the returned gate is opened.
    pub fn hold(&self, ending: &str, sent: usize) -> Gate {
        let gate = Gate::new();
        self.fault_times(ending, Fault::Hold(sent, gate.clone()), 1);
        gate
    }

    /// Removes all faults and opens their gates.
    pub fn clear_faults(&self) {
        let rules = std::mem::take(&mut *self.shared.rules.lock().unwrap());
        rules.iter().for_each(Rule::open);
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The requests for paths with this ending.
    pub fn requests_for(&self, ending: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|r| r.path.ends_with(ending));
        requests
    }

    /// The number of `GET` requests for paths with this ending.
    pub fn gets(&self, ending: &str) -> usize {
        self.requests_for(ending).iter().filter(|r| r.method == "GET").count()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared.requests.lock().unwrap().clear();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.clear_faults();
        let _ = TcpStream::connect(self.address);
        for connection in self.shared.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Rule {
    fn open(&self) {
        if let Fault::Hold(_, gate) | Fault::Silent(gate) = &self.fault {
            gate.open();
        }
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming().map_while(Result::ok) {
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            self.connections.lock().unwrap().extend(stream.try_clone());
            let shared = Arc::clone(self);
            thread::spawn(move || {
                // A client may disconnect at any time.
                let _ = shared.serve_connection(&stream);
                let _ = stream.shutdown(Shutdown::Both);
            });
        }
    }

    fn serve_connection(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        while let Some(request) = read_request(&mut reader)? {
            let fault = self.fault_for(&request.path);
            let close = request.headers.get("connection").is_some_and(|c| c == "close");
            let number = self.record(&request);
            let response = match fault {
                Some(Fault::Hangup) => return Ok(()),
                Some(Fault::Silent(gate)) => {
                    gate.pass();
                    return Ok(());
                }
                Some(Fault::Abandoned(None, gate)) => return await_close(stream, &gate),
                fault => self.respond(&request, fault),
            };
            self.requests.lock().unwrap()[number].status = response.status;
            response.send(stream, request.method == "HEAD")?;
            if close || response.closes_connection() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn record(&self, request: &Request) -> usize {
        let mut requests = self.requests.lock().unwrap();
        requests.push(request.clone());
        requests.len() - 1
    }

    fn fault_for(&self, path: &str) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap();
        let rule = rules.iter_mut().find(|r| r.left > 0 && path.ends_with(&r.ending))?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }

    fn respond(&self, request: &Request, fault: Option<Fault>) -> Response {
        match &fault {
            Some(Fault::Status(status, headers)) => {
                let text = format!("status {status}\n").into_bytes();
                return Response { headers: headers.clone(), ..Response::new(*status, text) };
            }
            Some(Fault::Redirect(to)) => {
                return Response::new(302, Vec::new()).with("Location", to);
            }
            Some(Fault::Html) => {
                let page = b"<!DOCTYPE html><html><body>please log in</body></html>".to_vec();
                return Response::new(200, page).with("Content-Type", "text/html; charset=utf-8");
            }
            _ => {}
        }
        match self.read(&request.path) {
            Some((bytes, etag)) => self.file(request, fault, bytes, etag),
            None => Response::new(404, b"not found\n".to_vec()),
        }
    }

    fn file(
        &self,
        request: &Request,
        fault: Option<Fault>,
        mut bytes: Vec<u8>,
        mut etag: String,
    ) -> Response {
        if let Some(Fault::Flip(at)) = fault {
            bytes[at as usize] ^= 1;
        }
        if let Some(Fault::ChangingEtag) = fault {
            etag = format!("\"{}\"", self.etags.fetch_add(1, Ordering::Relaxed));
        }
        let total = bytes.len() as u64;
        let range = request.range().filter(|_| {
            let same = request.headers.get("if-range").is_none_or(|given| *given == etag);
            same && !matches!(fault, Some(Fault::IgnoreRange | Fault::CutWhole(_)))
        });
        let response = match range.map(|range| parse_range(range, total)) {
            None => Response::new(200, bytes),
            Some(None) => {
                Response::new(416, Vec::new()).with("Content-Range", &format!("bytes */{total}"))
            }
            Some(Some((first, last))) => {
                let shift = if let Some(Fault::WrongOffset(by)) = fault { by } else { 0 };
                let first = (first + shift).min(last);
                let part = bytes[first as usize..=last as usize].to_vec();
                Response::new(206, part)
                    .with("Content-Range", &format!("bytes {first}-{last}/{total}"))
            }
        };
        let response = match &fault {
            Some(Fault::NoValidator) => response,
            _ => response.with("ETag", &etag),
        };
        let response = match &fault {
            Some(Fault::Encoding(coding)) => response.with("Content-Encoding", coding),
            _ => response,
        };
        let response = response.with("Accept-Ranges", "bytes");
        Response { fault, ..response.with("Content-Type", "application/octet-stream") }
    }

    fn read(&self, path: &str) -> Option<(Vec<u8>, String)> {
        let relative = path.split('?').next()?.trim_start_matches('/');
        if relative.split('/').any(|part| part == "..") {
            return None;
        }
        let path = self.root.join(relative);
        let bytes = path.is_file().then(|| fs::read(&path).ok())??;
        let etag = format!("\"{}\"", &super::sha256(&bytes)[..16]);
        Some((bytes, etag))
    }
}

#[derive(Debug)]
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    fault: Option<Fault>,
}

impl Response {
    fn new(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body, fault: None }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether the connection is closed after it.
    fn closes_connection(&self) -> bool {
        matches!(self.fault, Some(Fault::Cut(_) | Fault::CutWhole(_) | Fault::Abandoned(..)))
    }

    fn send(&self, mut stream: &TcpStream, head_only: bool) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        head += &format!("Content-Length: {}\r\n", self.body.len());
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all((head + "\r\n").as_bytes())?;
        if head_only {
            return Ok(());
        }
        match &self.fault {
            Some(Fault::Cut(sent) | Fault::CutWhole(sent)) => stream.write_all(self.first(*sent)),
            Some(Fault::Hold(sent, gate)) => {
                stream.write_all(self.first(*sent))?;
                gate.pass();
                stream.write_all(&self.body[self.first(*sent).len()..])
            }
            Some(Fault::Abandoned(Some(sent), gate)) => {
                stream.write_all(self.first(*sent))?;
                await_close(stream, gate)
            }
            Some(Fault::Drip(size, pause)) => self.body.chunks(*size).try_for_each(|chunk| {
                thread::sleep(*pause);
                stream.write_all(chunk)
            }),
            _ => stream.write_all(&self.body),
        }
    }

    fn first(&self, count: usize) -> &[u8] {
        &self.body[..count.min(self.body.len())]
    }
}

/// Waits until the client closes the connection.
fn await_close(mut stream: &TcpStream, gate: &Gate) -> io::Result<()> {
    let result = stream.read(&mut [0; 64]);
    gate.mark();
    result.map(drop)
}

fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (method, path) = (word(), word());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned())
            }
            None => break,
        };
    }
    Ok(Some(Request { method, path, headers, status: 0 }))
}

/// The first and last offset of `bytes=a-` or `bytes=a-b`; `None` if it cannot be satisfied.
fn parse_range(range: &str, total: u64) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let first: u64 = first.parse().ok()?;
    let last = last.parse().unwrap_or(u64::MAX).min(total.checked_sub(1)?);
    (first <= last).then_some((first, last))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        302 => "Found",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
