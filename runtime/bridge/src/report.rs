//! Exit codes and hints for the errors of the server.

use loom_environment::names;

use crate::{listen::ListenError, server::ServerError};

/// The exit code for settings that are invalid or not allowed.
pub const INVALID_SETTINGS: u8 = 2;
/// The exit code of a health check that failed, whatever the reason.
pub const UNHEALTHY: u8 = 1;
/// The exit code for a port that is in use.
pub const PORT_IN_USE: u8 = 9;

/// The exit code for an error: 9 for a port that is in use, 2 for an address or a certificate that cannot or must not be
/// used, else 1.
pub fn exit_code(error: &ServerError) -> u8 {
    match error {
        ServerError::Listen(ListenError::InUse { .. }) => PORT_IN_USE,
        ServerError::Listen(ListenError::Exposed { .. } | ListenError::Resolve { .. })
        | ServerError::Tls(_) => INVALID_SETTINGS,
        _ => 1,
    }
}

/// How to fix the cause of an error, if that is known.
pub fn hint(error: &ServerError) -> Option<String> {
    match error {
        ServerError::Listen(ListenError::Exposed { .. }) => Some(format!(
            "set {}, or {}=1 to allow access without a token from everywhere",
            names::BRIDGE_TOKEN,
            names::BRIDGE_INSECURE
        )),
        ServerError::Listen(ListenError::InUse { variable, .. }) => {
            Some(format!("stop the process that listens there, or set {variable} to another port"))
        }
        _ => None,
    }
}
