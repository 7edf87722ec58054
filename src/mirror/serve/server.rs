//! [`MirrorServer`]: accepts connections within its limits, and ends them in order.

use std::{convert::Infallible, future::Future, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use loom_base::loopback;
use tokio::{
    net::{TcpListener, TcpStream},
    pin, select,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{MirrorServeError, PullThrough, ServedFolder, site::Site, write_limit::WriteLimit};

/// How long accepting pauses after the system refused a connection, mostly for lack of descriptors.
const PAUSE: Duration = Duration::from_millis(250);

/// The limits of a server.
#[derive(Debug, Clone)]
pub struct ServeLimits {
    /// The largest number of connections; further ones are closed.
    pub connections: usize,
    /// How long the header of a request may take, and how long a connection may wait for the next request.
    pub header: Duration,
    /// How long a client may read nothing.
    pub write: Duration,
    /// How long responses may go on after the server was asked to end.
    pub end: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connections: 1024, header: seconds(30), write: seconds(60), end: seconds(10) }
    }
}

/// A server of the files of a mirror, over HTTP/1.1.
#[derive(Debug)]
pub struct MirrorServer {
    listener: TcpListener,
    address: SocketAddr,
    site: Arc<Site>,
    limits: ServeLimits,
}

impl MirrorServer {
    /// Listens on `address`; port 0 lets the system choose one. An address that other machines can reach is refused
    /// unless `remote` allows it.
    ///
    /// # Errors
    /// [`MirrorServeError::Remote`], and [`MirrorServeError::Listen`] where the system refuses the address.
    pub async fn bind(
        address: SocketAddr,
        remote: bool,
        folder: ServedFolder,
        pull: Option<PullThrough>,
        limits: ServeLimits,
    ) -> Result<Self, MirrorServeError> {
        if !remote && !loopback::is_loopback_ip(address.ip()) {
            return Err(MirrorServeError::Remote { address });
        }
        let refused = |source| MirrorServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address, site: Arc::new(Site { folder, pull }), limits })
    }

    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `end` resolves. Responses that have begun are completed, as long as the limit allows.
    pub async fn run(self, end: impl Future<Output = ()>) {
        let slots = Arc::new(Semaphore::new(self.limits.connections));
        let (ending, ends) = watch::channel(false);
        let mut connections = JoinSet::new();
        pin!(end);
        loop {
            let accepted = select! {
                accepted = self.listener.accept() => accepted,
                () = &mut end => break,
            };
            // Finished connections are forgotten.
            while connections.try_join_next().is_some() {}
            let Ok((stream, _)) = accepted else {
                sleep(PAUSE).await;
                continue;
            };
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
            let (site, limits, ends) = (Arc::clone(&self.site), self.limits.clone(), ends.clone());
            connections.spawn(async move {
                serve(stream, site, limits, ends).await;
                drop(slot);
            });
        }
        drop(self.listener);
        let _ = ending.send(true);
        let all = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(self.limits.end, all).await;
    }
}

/// Serves one connection. Its errors concern its client alone, which sees them.
async fn serve(
    stream: TcpStream,
    site: Arc<Site>,
    limits: ServeLimits,
    mut ends: watch::Receiver<bool>,
) {
    // An error means that the peer is gone, which reading will show.
    let _ = stream.set_nodelay(true);
    let respond = service_fn(|request: Request<Incoming>| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(site.respond(&request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_buf_size(16 * 1024)
        .serve_connection(TokioIo::new(WriteLimit::new(stream, limits.write)), respond);
    pin!(connection);
    let mut is_ending = false;
    loop {
        select! {
            _ = connection.as_mut() => return,
            _ = ends.wait_for(|ends| *ends), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}
