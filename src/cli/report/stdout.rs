//! Failures to write to stdout.

use std::io;

use super::{CommandError, exit::Exit};

/// The error for output that could not be written to stdout.
pub(crate) fn stdout_error(error: &io::Error) -> CommandError {
    let exit = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Exit::DiskFull,
        _ => Exit::Failure,
    };
    CommandError::new(exit, format!("could not write to stdout: {error}"))
}
