//! Whether the server that an environment describes is serving: for the health checks of containers.

use std::{io, path::PathBuf, time::Duration};

use loom_base::{HostPort, bounded_file};
use loom_environment::{ReadyDocument, json, names};

use crate::settings::ServerSettings;

/// How long the check takes at most.
pub const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The size limit of the ready file, in bytes.
const MAX_READY_FILE: u64 = 64 << 10;

/// Why a server does not count as healthy.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// The port is 0, and no ready file says which one the server picked.
    #[error(
        "{} has port 0, and {} is not set: the port is not known",
        names::BRIDGE_ADDR,
        names::READY_FILE
    )]
    UnknownPort,
    /// The ready file cannot be read.
    #[error("could not read the ready file {file}")]
    ReadyFile {
        /// The path.
        file: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The ready file has another content.
    #[error("the ready file {file} names no address: {reason}")]
    NoAddress {
        /// The path.
        file: PathBuf,
        /// The cause.
        reason: String,
    },
    /// The server does not answer, or answers that it is not serving.
    #[error("{0}")]
    NotServing(String),
    /// The server did not answer in time.
    #[error("{0} did not answer within 5 seconds")]
    TimedOut(HostPort),
}

/// Asks the server with these settings whether it is serving, over TLS where it has a certificate. No token is needed.
/// The server may listen on all addresses of the machine; it is asked over loopback then.
///
/// # Errors
/// If it is not, or did not answer within 5 s.
pub async fn check(settings: &ServerSettings) -> Result<(), HealthError> {
    let address = address(settings)?.reachable();
    let answer = tokio::time::timeout(TIME_LIMIT, loom_health::check(&address)).await;
    answer.map_err(|_| HealthError::TimedOut(address))?.map_err(HealthError::NotServing)
}

/// The address on which the server listens.
fn address(settings: &ServerSettings) -> Result<HostPort, HealthError> {
    if settings.bridge.port != 0 {
        return Ok(settings.bridge.clone());
    }
    let file = settings.ready_file.clone().ok_or(HealthError::UnknownPort)?;
    let text = match bounded_file::read_text(&file, MAX_READY_FILE) {
        Ok(text) => text,
        Err(source) => return Err(HealthError::ReadyFile { file, source }),
    };
    let read = json::read::<ReadyDocument>(&text).map_err(|error| error.to_string());
    read.and_then(|ready| ready.bridge.parse().map_err(|error| format!("{error}")))
        .map_err(|reason| HealthError::NoAddress { file, reason })
}
