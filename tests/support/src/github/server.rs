//! [`GithubServer`]: starts the server, publishes releases, records requests.

use std::{
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use loom_base::LockExt as _;

use super::{
    certificate::TestCertificate,
    connection,
    fault::GithubFault,
    repository::{GithubRelease, Repository},
    state::{GithubService, PendingFault, SeenRequest, ServerState},
    transcript::ApiExchange,
};

/// A GitHub server for one repository; it stops when dropped.
///
/// # Examples
/// ```
/// use loom_test_support::github::{GithubAsset, GithubRelease, GithubServer, GithubService, Repository};
///
/// let server = GithubServer::start(Repository::default());
/// server.publish(GithubRelease::new("v0.1.0").with(GithubAsset::new("a.zip", "bytes")));
/// assert!(server.api_base().starts_with("http://127.0.0.1:"));
/// assert_eq!(server.count(GithubService::Api), 0);
/// ```
#[derive(Debug)]
pub struct GithubServer {
    state: Arc<ServerState>,
}

impl GithubServer {
    /// Serves the repository over plain http.
    pub fn start(repository: Repository) -> Self {
        Self::launch(repository, None)
    }

    /// Serves the repository over https, as `localhost`.
    pub fn start_tls(repository: Repository, certificate: &TestCertificate) -> Self {
        Self::launch(repository, Some(certificate))
    }

    fn launch(repository: Repository, certificate: Option<&TestCertificate>) -> Self {
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let addresses = [0, 1].map(|n: usize| listeners[n].local_addr().unwrap());
        let url = |n: usize| match certificate {
            None => format!("http://{}", addresses[n]),
            // Clients that tell hosts apart by name, not by port, must see two hosts.
            Some(_) if n == 0 => format!("https://localhost:{}", addresses[n].port()),
            Some(_) => format!("https://{}", addresses[n]),
        };
        let state = Arc::new(ServerState::new(repository, url(0), url(1), addresses));
        for (listener, front) in listeners.into_iter().zip([true, false]) {
            let (state, certificate) = (Arc::clone(&state), certificate.cloned());
            thread::spawn(move || {
                connection::accept(&state, &listener, front, certificate.as_ref());
            });
        }
        Self { state }
    }

    /// The value of a source's `base_url`.
    pub fn base_url(&self) -> String {
        self.state.front.clone()
    }

    /// The value of a source's `api_base`.
    pub fn api_base(&self) -> String {
        format!("{}/api/v3", self.state.front)
    }

    /// Calls `act` with the repository, to read or change it.
    pub fn repository<T>(&self, act: impl FnOnce(&mut Repository) -> T) -> T {
        act(&mut self.state.repository.locked())
    }

    /// Publishes a release.
    pub fn publish(&self, release: GithubRelease) -> &Self {
        self.repository(|repository| repository.publish(release));
        self
    }

    /// Injects the fault into the next `times` requests to the service for a path with this ending.
    pub fn fault(
        &self,
        service: GithubService,
        ending: &str,
        fault: GithubFault,
        times: usize,
    ) -> &Self {
        let ending = ending.to_owned();
        self.state.faults.locked().push(PendingFault { service, ending, fault, times });
        self
    }

    /// Removes the faults that are pending.
    pub fn clear_faults(&self) {
        self.state.faults.locked().clear();
    }

    /// The requests so far, in the order in which they arrived.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.state.requests.locked().clone()
    }

    /// The number of requests to the service so far.
    pub fn count(&self, service: GithubService) -> usize {
        self.requests().iter().filter(|request| request.service == service).count()
    }

    /// Removes the recorded requests.
    pub fn clear_requests(&self) {
        self.state.requests.locked().clear();
    }

    /// The answers of the API so far.
    pub fn transcript(&self) -> Vec<ApiExchange> {
        self.state.transcript.locked().clone()
    }
}

impl Drop for GithubServer {
    fn drop(&mut self) {
        self.state.stop();
        // `accept` returns only when a connection arrives.
        for address in self.state.addresses {
            let _ = TcpStream::connect(address);
        }
        for connection in self.state.connections.locked().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}
