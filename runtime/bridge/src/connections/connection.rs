//! An accepted connection, closed when it is idle.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep},
};
use tonic::transport::server::Connected;

use super::state::{ConnectionState, ConnectionTimeouts, IdleCheck};
use crate::access::PeerCheck;

/// How long a client may take to close a connection that takes no new requests.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// A connection. gRPC requests on it have its [`ConnectionState`] as an extension. Reading from it ends when it has been
/// idle for too long.
#[derive(Debug)]
pub struct Connection<Io> {
    io: Io,
    state: ConnectionState,
    /// Fires when the connection may have been idle for too long.
    check: Pin<Box<Sleep>>,
    /// Its place among the connections of its listener.
    _slot: Option<OwnedSemaphorePermit>,
}

impl<Io> Connection<Io> {
    /// A connection that is made now.
    pub fn new(io: Io, timeouts: ConnectionTimeouts, slot: Option<OwnedSemaphorePermit>) -> Self {
        let check = Box::pin(tokio::time::sleep(timeouts.first_request));
        Self { io, state: ConnectionState::new(timeouts), check, _slot: slot }
    }

    /// What is known of the connection.
    pub fn state(&self) -> &ConnectionState {
        &self.state
    }

    /// Resolves when the connection has been idle for too long: first it takes no new requests, which clients of HTTP/2
    /// are told; then, or if it has had no request at all, reading ends.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.check.as_mut().poll(context));
            let now = Instant::now();
            let next = match self.state.check(now) {
                IdleCheck::CheckAt(next) => next,
                IdleCheck::Close if self.state.has_had_requests() && !self.state.is_closing() => {
                    self.state.close();
                    now + CLOSE_LIMIT
                }
                IdleCheck::Close => return Poll::Ready(()),
            };
            self.check.as_mut().reset(next);
        }
    }
}

impl Connection<TcpStream> {
    /// Records whether its peer is admitted. Until then no request on it is.
    pub async fn check_peer(&self, peers: &PeerCheck) {
        self.state.set_admission(peers.admission(&self.io).await);
    }
}

impl<Io> Drop for Connection<Io> {
    fn drop(&mut self) {
        self.state.close();
    }
}

impl<Io> Connected for Connection<Io> {
    type ConnectInfo = ConnectionState;

    fn connect_info(&self) -> ConnectionState {
        self.state.clone()
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Connection<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.state.is_cut() {
            return Poll::Ready(Ok(()));
        }
        match Pin::new(&mut self.io).poll_read(context, buffer) {
            // Nothing was read: the end of the input.
            Poll::Pending => self.poll_idle(context).map(Ok),
            read => read,
        }
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Connection<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const TIMEOUTS: ConnectionTimeouts = ConnectionTimeouts {
        first_request: Duration::from_secs(10),
        idle: Duration::from_secs(60),
    };

    /// Reads until the end. Returns what was read, and after how many seconds.
    async fn read<Io: AsyncRead + Unpin>(connection: &mut Connection<Io>) -> (usize, u64) {
        let start = Instant::now();
        let read = connection.read_to_end(&mut Vec::new()).await.unwrap();
        (read, start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_request_is_not_waited_for() {
        let (mut client, server) = duplex(64);
        let mut connection = Connection::new(server, TIMEOUTS, None);
        client.write_all(b"GET / HT").await.unwrap();
        assert_eq!(read(&mut connection).await, (8, 10));
        assert!(!connection.state().is_closing());
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_takes_no_new_requests_and_then_ends() {
        let (_client, server) = duplex(64);
        let mut connection = Connection::new(server, TIMEOUTS, None);
        let mut request = connection.state().begin();
        request.complete();
        let state = connection.state().clone();
        let end = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(300)).await;
            drop(request);
            let start = Instant::now();
            state.closing().await;
            start.elapsed().as_secs()
        });
        let (_, seconds) = read(&mut connection).await;
        assert!((365..=430).contains(&seconds), "{seconds}: it was open for 300 s");
        assert!(end.await.unwrap() >= 60);
    }
}
