//! Starts it, publishes, tells what was asked.

use std::{
    collections::BTreeMap,
    io::{self, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rustls::{ServerConnection, StreamOwned};

use crate::{
    Exchange, Fault, Release, Shelf, Tls, api, objects, pages,
    wire::{self, Answer, Request},
};

/// Which of its three faces was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The pages: `releases/latest`, downloads.
    Page,
    /// The API.
    Api,
    /// The storage, on a port of its own.
    Object,
}

/// A request that came, and what was answered.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Which face was asked.
    pub origin: Origin,
    /// The path without the query.
    pub path: String,
    /// The headers, by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The status of the answer; 0 where there was none.
    pub status: u16,
}

/// The server; it stops when dropped.
#[derive(Debug)]
pub struct GithubServer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    /// `http://127.0.0.1:…`
    pub(crate) front: String,
    /// The storage's address.
    pub(crate) storage: String,
    addresses: [std::net::SocketAddr; 2],
    pub(crate) shelf: Mutex<Shelf>,
    seen: Mutex<Vec<Seen>>,
    transcript: Mutex<Vec<Exchange>>,
    faults: Mutex<Vec<(Origin, String, Fault, usize)>>,
    stopped: AtomicBool,
    stop: (Mutex<bool>, Condvar),
    connections: Mutex<Vec<TcpStream>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl GithubServer {
    /// Over plain http.
    pub fn start(shelf: Shelf) -> Self {
        Self::launch(shelf, None)
    }

    /// Over https, as `localhost`.
    pub fn start_tls(shelf: Shelf, tls: &Tls) -> Self {
        Self::launch(shelf, Some(tls))
    }

    fn launch(shelf: Shelf, tls: Option<&Tls>) -> Self {
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let addresses = [0, 1].map(|n: usize| listeners[n].local_addr().unwrap());
        let url = |n: usize| match tls {
            None => format!("http://{}", addresses[n]),
            // Clients that go by names, not ports, must see another host too.
            Some(_) if n == 0 => format!("https://localhost:{}", addresses[n].port()),
            Some(_) => format!("https://{}", addresses[n]),
        };
        let shared = Arc::new(Shared {
            front: url(0),
            storage: url(1),
            addresses,
            shelf: Mutex::new(shelf),
            seen: Mutex::default(),
            transcript: Mutex::default(),
            faults: Mutex::default(),
            stopped: AtomicBool::new(false),
            stop: Default::default(),
            connections: Mutex::default(),
        });
        for (listener, front) in listeners.into_iter().zip([true, false]) {
            let (shared, tls) = (Arc::clone(&shared), tls.cloned());
            thread::spawn(move || shared.accept(&listener, front, tls.as_ref()));
        }
        Self { shared }
    }

    /// What `base_url` is set to.
    pub fn base_url(&self) -> String {
        self.shared.front.clone()
    }

    /// What `api_base` is set to.
    pub fn api_base(&self) -> String {
        format!("{}/api/v3", self.shared.front)
    }

    /// Looks at or changes what is published.
    pub fn shelf<T>(&self, act: impl FnOnce(&mut Shelf) -> T) -> T {
        act(&mut lock(&self.shared.shelf))
    }

    /// Publishes a release.
    pub fn publish(&self, release: Release) -> &Self {
        self.shelf(|shelf| shelf.publish(release));
        self
    }

    /// The next `times` requests to this face for a path with this ending get this fault.
    pub fn fault(&self, origin: Origin, ending: &str, fault: Fault, times: usize) -> &Self {
        lock(&self.shared.faults).push((origin, ending.to_owned(), fault, times));
        self
    }

    /// From now on no faults.
    pub fn heal(&self) {
        lock(&self.shared.faults).clear();
    }

    /// The requests so far, in the order in which they came.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    /// How many requests came to one face.
    pub fn count(&self, origin: Origin) -> usize {
        self.seen().iter().filter(|seen| seen.origin == origin).count()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        lock(&self.shared.seen).clear();
    }

    /// The API's answers so far.
    pub fn transcript(&self) -> Vec<Exchange> {
        lock(&self.shared.transcript).clone()
    }
}

impl Drop for GithubServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        *lock(&self.shared.stop.0) = true;
        self.shared.stop.1.notify_all();
        for address in self.shared.addresses {
            let _ = TcpStream::connect(address);
        }
        for connection in lock(&self.shared.connections).drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener, front: bool, tls: Option<&Tls>) {
        for stream in listener.incoming().map_while(Result::ok) {
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            lock(&self.connections).extend(stream.try_clone());
            let (shared, tls) = (Arc::clone(self), tls.cloned());
            thread::spawn(move || {
                // Head and body are written one after the other: the second would wait for an acknowledgement.
                let _ = stream.set_nodelay(true);
                let plain = stream.try_clone();
                // A client may go away in the middle of anything.
                let _ = match tls {
                    None => shared.converse(stream, front),
                    Some(tls) => match ServerConnection::new(tls.config) {
                        Ok(tls) => shared.converse(StreamOwned::new(tls, stream), front),
                        Err(error) => Err(io::Error::other(error)),
                    },
                };
                let _ = plain.and_then(|stream| stream.shutdown(Shutdown::Both));
            });
        }
    }

    fn converse(&self, stream: impl Read + Write, front: bool) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        while let Some(request) = wire::read(&mut stream)? {
            let origin = match () {
                () if !front => Origin::Object,
                () if request.path().starts_with("/api/") => Origin::Api,
                () => Origin::Page,
            };
            let number = self.note(origin, &request);
            let fault = self.fault(origin, request.path());
            if let Some(Fault::Silent) = fault {
                self.wait();
                return Ok(());
            }
            let answer = self.answer(origin, &request, fault.as_ref());
            if let Some(seen) = lock(&self.seen).get_mut(number) {
                seen.status = answer.status;
            }
            let head_only = request.method == "HEAD";
            let close = request.header("connection") == Some("close");
            if !answer.send(stream.get_mut(), head_only, fault.as_ref(), || self.wait())? || close {
                return Ok(());
            }
        }
        Ok(())
    }

    fn answer(&self, origin: Origin, request: &Request, fault: Option<&Fault>) -> Answer {
        match (origin, fault) {
            (_, Some(Fault::Html)) => pages::login(200),
            (Origin::Api, fault) => {
                let (answer, exchange) = api::answer(self, request, fault);
                lock(&self.transcript).extend(exchange);
                answer
            }
            (_, Some(Fault::Status(status, headers, said))) => {
                let answer = Answer::new(*status, "text/plain", *said);
                headers.iter().fold(answer, |answer, (name, value)| answer.with(name, value))
            }
            (Origin::Page, _) => pages::answer(self, request),
            (Origin::Object, fault) => objects::answer(self, request, fault),
        }
    }

    fn note(&self, origin: Origin, request: &Request) -> usize {
        let mut seen = lock(&self.seen);
        let (path, headers) = (request.path().to_owned(), request.headers.clone());
        seen.push(Seen { origin, path, headers, status: 0 });
        seen.len() - 1
    }

    fn fault(&self, origin: Origin, path: &str) -> Option<Fault> {
        let mut faults = lock(&self.faults);
        let due = faults.iter_mut().find(|(of, ending, _, left)| {
            *of == origin && *left > 0 && path.ends_with(ending.as_str())
        })?;
        due.3 -= 1;
        Some(due.2.clone())
    }

    /// Waits until the server is dropped.
    fn wait(&self) {
        let stopped = lock(&self.stop.0);
        drop(self.stop.1.wait_while(stopped, |stopped| !*stopped));
    }
}
