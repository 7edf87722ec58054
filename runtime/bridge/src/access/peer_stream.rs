//! Connections whose peer was checked, and the listeners that make them.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{extract::connect_info, serve};
use futures::{Stream, StreamExt as _};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tonic::transport::server;

use super::{Admission, PeerCheck};

/// Connections that are checked at the same time, so that one check delays no other connection.
const CONCURRENT_CHECKS: usize = 16;

/// The admission of a connection, as an extension of every request on it.
#[derive(Debug, Clone, Copy)]
pub struct PeerAdmission(pub Admission);

/// A connection and its admission. gRPC requests on it have [`PeerAdmission`] as an extension.
#[derive(Debug)]
pub struct PeerStream<Io> {
    io: Io,
    admission: PeerAdmission,
}

impl PeerCheck {
    /// Checks the peers of these connections.
    pub fn incoming(
        self,
        connections: impl Stream<Item = io::Result<TcpStream>>,
    ) -> impl Stream<Item = io::Result<PeerStream<TcpStream>>> {
        let checked = move |connection: io::Result<TcpStream>| {
            let check = self.clone();
            async move {
                let io = connection?;
                let admission = PeerAdmission(check.admission(&io).await);
                Ok(PeerStream { io, admission })
            }
        };
        connections.map(checked).buffer_unordered(CONCURRENT_CHECKS)
    }
}

impl<Io> server::Connected for PeerStream<Io> {
    type ConnectInfo = PeerAdmission;

    fn connect_info(&self) -> PeerAdmission {
        self.admission
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for PeerStream<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for PeerStream<Io> {
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

/// A listener that checks the peers of its connections, for axum. The admission takes the place of the peer's address.
#[derive(Debug)]
pub struct PeerListener {
    listener: TcpListener,
    check: PeerCheck,
}

impl PeerListener {
    /// Checks the connections of `listener`.
    pub fn new(listener: TcpListener, check: PeerCheck) -> Self {
        Self { listener, check }
    }
}

impl serve::Listener for PeerListener {
    type Io = TcpStream;
    type Addr = PeerAdmission;

    async fn accept(&mut self) -> (TcpStream, PeerAdmission) {
        let (io, _) = serve::Listener::accept(&mut self.listener).await;
        let admission = PeerAdmission(self.check.admission(&io).await);
        (io, admission)
    }

    fn local_addr(&self) -> io::Result<PeerAdmission> {
        Ok(PeerAdmission(Ok(())))
    }
}

impl connect_info::Connected<serve::IncomingStream<'_, PeerListener>> for PeerAdmission {
    fn connect_info(stream: serve::IncomingStream<'_, PeerListener>) -> Self {
        *stream.remote_addr()
    }
}
