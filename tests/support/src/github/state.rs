//! What all connections of a server share.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpStream},
    sync::{
        Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use loom_base::LockExt as _;

use super::{
    fault::GithubFault, http::RawRequest, repository::Repository, transcript::ApiExchange,
};

/// The part of the server that a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GithubService {
    /// The web pages: `releases/latest`, downloads.
    Pages,
    /// The REST API.
    Api,
    /// The storage, on a port of its own.
    Storage,
}

/// A request that arrived, and the status of its answer.
#[derive(Debug, Clone)]
pub struct SeenRequest {
    /// The service that the request is for.
    pub service: GithubService,
    /// The method.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The headers, by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The status of the answer; 0 where there was none.
    pub status: u16,
}

/// A fault that is injected into the next requests for a path.
#[derive(Debug)]
pub(super) struct PendingFault {
    pub(super) service: GithubService,
    /// The end of the path.
    pub(super) ending: String,
    pub(super) fault: GithubFault,
    /// How many requests get the fault.
    pub(super) times: usize,
}

#[derive(Debug)]
pub(super) struct ServerState {
    /// The base URL of the web pages and the API: `http://127.0.0.1:…`
    pub(super) front: String,
    /// The base URL of the storage.
    pub(super) storage: String,
    pub(super) addresses: [SocketAddr; 2],
    pub(super) repository: Mutex<Repository>,
    pub(super) requests: Mutex<Vec<SeenRequest>>,
    pub(super) transcript: Mutex<Vec<ApiExchange>>,
    pub(super) faults: Mutex<Vec<PendingFault>>,
    pub(super) connections: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
    stop: (Mutex<bool>, Condvar),
}

impl ServerState {
    pub(super) fn new(
        repository: Repository,
        front: String,
        storage: String,
        addresses: [SocketAddr; 2],
    ) -> Self {
        Self {
            front,
            storage,
            addresses,
            repository: Mutex::new(repository),
            requests: Mutex::default(),
            transcript: Mutex::default(),
            faults: Mutex::default(),
            connections: Mutex::default(),
            stopped: AtomicBool::new(false),
            stop: Default::default(),
        }
    }

    /// Records a request; returns its index.
    pub(super) fn record(&self, service: GithubService, request: &RawRequest) -> usize {
        let mut requests = self.requests.locked();
        let (path, headers) = (request.path().to_owned(), request.headers.clone());
        let method = request.method.clone();
        requests.push(SeenRequest { service, method, path, headers, status: 0 });
        requests.len() - 1
    }

    /// The fault that a request for this path gets, if any is pending.
    pub(super) fn take_fault(&self, service: GithubService, path: &str) -> Option<GithubFault> {
        let mut faults = self.faults.locked();
        let due = faults.iter_mut().find(|pending| {
            pending.service == service && pending.times > 0 && path.ends_with(&pending.ending)
        })?;
        due.times -= 1;
        Some(due.fault.clone())
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Marks the server as stopped and wakes everything that [waits](Self::wait_for_stop).
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        *self.stop.0.locked() = true;
        self.stop.1.notify_all();
    }

    /// Waits until the server is dropped.
    pub(super) fn wait_for_stop(&self) {
        let stopped = self.stop.0.locked();
        drop(self.stop.1.wait_while(stopped, |stopped| !*stopped));
    }
}
