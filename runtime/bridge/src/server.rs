//! The server: bind, serve, stop.
//!
//! | module | provides |
//! |---|---|
//! | `bound` | [`BoundServer`]: a server that listens and does not serve yet |
//! | `serving` | [`ServingServer`]: a server that serves |
//! | `error` | [`ServerError`] |

use loom_base::error_chain;

use crate::{connections, ready, settings::ServerSettings, signals::Signals, telemetry::Telemetry};

mod bound;
mod error;
mod serving;

pub use bound::BoundServer;
pub use error::ServerError;
pub use serving::ServingServer;

/// Serves until a signal asks to stop. A signal that follows after a second or later ends the process at
/// once.
///
/// # Errors
/// If the server cannot listen, the ready file cannot be written, or a part of the server fails.
pub async fn run(settings: ServerSettings, telemetry: Telemetry) -> Result<(), ServerError> {
    connections::limits::raise_open_files();
    let mut signals = Signals::listen().map_err(ServerError::Signals)?;
    let ready_file = settings.ready_file.clone();
    if let Some(path) = &ready_file {
        ready::remove(path)?;
    }
    let bound = BoundServer::bind(settings).await?;
    let document = bound.ready_document();
    let mut server = ServingServer::start(bound, telemetry.clone()).await;
    if let Some(path) = &ready_file {
        ready::write(path, &document)?;
    }
    tracing::info!(bridge = %document.bridge, dashboard = document.dashboard, "listening");
    tokio::select! {
        failed = server.failed() => failed?,
        _ = signals.next() => {}
    }
    tokio::select! {
        () = server.stop() => {}
        code = signals.next() => std::process::exit(code.into()),
    }
    if let Some(export) = telemetry.export {
        export.shut_down().await;
    }
    if let Some(history) = telemetry.history {
        // What is left is in the file before the process ends.
        let flushed = tokio::task::spawn_blocking(move || history.flush()).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!(because = error_chain(&error), "the last runs are not in the history");
        }
    }
    Ok(())
}
