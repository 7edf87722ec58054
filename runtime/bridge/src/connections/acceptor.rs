//! A listener that accepts within its limit.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{extract::connect_info, serve};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::Instant,
};

use super::{
    connection::Connection,
    log_gate::LogGate,
    state::{ConnectionState, ConnectionTimeouts},
};
use crate::access::PeerCheck;

/// How long accepting pauses after the system refused a connection, mostly for lack of descriptors: the connection waits
/// at the listener meanwhile, and trying at once would only cost time.
const PAUSE: Duration = Duration::from_millis(250);

/// Accepts connections. Those beyond the limit are closed at once, so that their clients notice.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    /// What the listener serves, for the log.
    name: &'static str,
    timeouts: ConnectionTimeouts,
    peers: PeerCheck,
    limit: usize,
    slots: Arc<Semaphore>,
    refused: LogGate,
    failed: LogGate,
}

impl Acceptor {
    /// Accepts at most `limit` connections of `listener` at the same time. `name` says in the log what it serves; `peers`
    /// decides who is admitted.
    pub fn new(
        listener: TcpListener,
        name: &'static str,
        limit: usize,
        timeouts: ConnectionTimeouts,
        peers: PeerCheck,
    ) -> Self {
        let slots = Arc::new(Semaphore::new(limit));
        let [refused, failed] = [(); 2].map(|()| LogGate::default());
        Self { listener, name, timeouts, peers, limit, slots, refused, failed }
    }

    /// Decides who is admitted.
    pub fn peers(&self) -> &PeerCheck {
        &self.peers
    }

    /// The next connection; its peer is still to be checked ([`Connection::check_peer`]).
    pub async fn next(&mut self) -> (Connection<TcpStream>, SocketAddr) {
        loop {
            let (stream, peer) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) if is_of_connection(&error) => continue,
                Err(error) => {
                    self.report_failure(&error);
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
                drop(stream);
                self.report_refusal();
                continue;
            };
            // An error means that the peer is gone, which reading will show.
            _ = stream.set_nodelay(true);
            return (Connection::new(stream, self.timeouts, Some(slot)), peer);
        }
    }

    fn report_failure(&mut self, error: &io::Error) {
        let name = self.name;
        if let Some(earlier) = self.failed.pass(Instant::now()) {
            tracing::warn!(
                %error, earlier,
                "could not accept connections of the {name}; if open files are exhausted, raise their limit (ulimit -n)"
            );
        }
    }

    fn report_refusal(&mut self) {
        let Self { name, limit, .. } = self;
        let (name, limit) = (*name, *limit);
        if let Some(earlier) = self.refused.pass(Instant::now()) {
            tracing::warn!(
                limit,
                earlier,
                "refused a connection of the {name}: its limit, which follows from that of open files, is reached"
            );
        }
    }
}

/// Whether an error concerns one connection only, which its peer has given up.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

impl serve::Listener for Acceptor {
    type Io = Connection<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        let (connection, address) = self.next().await;
        connection.check_peer(&self.peers).await;
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl connect_info::Connected<serve::IncomingStream<'_, Acceptor>> for ConnectionState {
    fn connect_info(stream: serve::IncomingStream<'_, Acceptor>) -> Self {
        stream.io().state().clone()
    }
}

#[cfg(test)]
mod tests {
    use loom_environment::UserIds;
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn connections_beyond_the_limit_are_closed_until_one_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let long = Duration::from_secs(60);
        let timeouts = ConnectionTimeouts { first_request: long, idle: long };
        let peers = PeerCheck::new(&UserIds::default(), false);
        let mut acceptor = Acceptor::new(listener, "bridge", 1, timeouts, peers);

        let _first = TcpStream::connect(address).await.unwrap();
        let (held, _) = acceptor.next().await;
        let mut second = TcpStream::connect(address).await.unwrap();
        let accepting = tokio::spawn(async move { acceptor.next().await });
        assert_eq!(second.read(&mut [0; 8]).await.unwrap_or(0), 0, "the second one is closed");
        drop(held);
        let third = TcpStream::connect(address).await.unwrap();
        let (_, peer) = accepting.await.unwrap();
        assert_eq!(peer, third.local_addr().unwrap());
    }
}
