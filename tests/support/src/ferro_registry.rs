//! The registry of the crate `ferro-oci-server`, in memory: it lists referrers, and pages its lists. It has no ranges.

use std::{net::SocketAddr, sync::Arc};

use ferro_blob_store::InMemoryBlobStore;
use ferro_oci_server::{AppState, InMemoryRegistryMeta, router};
use tokio::{net::TcpListener, runtime::Builder};

/// A running registry; it stops when dropped.
#[derive(Debug)]
pub struct FerroRegistry {
    /// The address that the registry listens on.
    pub address: SocketAddr,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl FerroRegistry {
    /// Starts an empty registry in a thread, on a port that the operating system picks.
    pub fn start() -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (started, address) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let blobs = Arc::new(InMemoryBlobStore::new());
                let state = AppState::new(blobs, Arc::new(InMemoryRegistryMeta::new()));
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                started.send(listener.local_addr().unwrap()).unwrap();
                let stopped = async {
                    let _ = stopped.await;
                };
                let server = axum::serve(listener, router(state));
                let _ = server.with_graceful_shutdown(stopped).await;
            });
        });
        Self { address: address.recv().unwrap(), _stop: stop }
    }
}
