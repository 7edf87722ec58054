//! Why the server does not serve.

use std::io;

use crate::{grpc::ServeError, listen::ListenError, ready::ReadyError, tls::TlsError};

/// Why the server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The server cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The ready file cannot be written.
    #[error(transparent)]
    Ready(#[from] ReadyError),
    /// No key for login codes can be made.
    #[error("could not make the key of login codes")]
    Random(#[source] io::Error),
    /// The process cannot wait for signals.
    #[error("could not listen for signals")]
    Signals(#[source] io::Error),
    /// The gRPC services failed.
    #[error(transparent)]
    Grpc(#[from] ServeError),
    /// The dashboard failed.
    #[error("the dashboard failed")]
    Dashboard(#[source] io::Error),
    /// A task of the server panicked.
    #[error("a task of the server panicked")]
    Panicked(#[source] tokio::task::JoinError),
}
