//! [`MirrorServeError`]: why a mirror cannot be served.

use std::{io, net::SocketAddr, path::PathBuf};

use loom_source::SourceError;

/// Why a mirror cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum MirrorServeError {
    /// The folder cannot be read.
    #[error("could not read the folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Other machines could reach the address, and nothing says that they may.
    #[error("{address} can be reached from other machines")]
    Remote {
        /// The address.
        address: SocketAddr,
    },
    /// The mirror that missing files are fetched from is not in the layout of a store.
    #[error("{mirror} has no file \"format\", so its files cannot be verified by their names")]
    NoStore {
        /// The mirror.
        mirror: String,
    },
    /// The mirror that missing files are fetched from cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
}
