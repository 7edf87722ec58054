//! Commands of `loom exec` that cannot be executed. Their exit codes are those of shells.

use super::{
    CommandError,
    exit::{Exit, NOT_EXECUTABLE, NOT_EXECUTABLE_KIND, NOT_FOUND, NOT_FOUND_KIND},
};

/// The error for a command that does not exist.
pub(crate) fn not_found(why: &str) -> CommandError {
    failure(NOT_FOUND, NOT_FOUND_KIND, why)
}

/// The error for a command that cannot be executed.
pub(crate) fn not_executable(why: &str) -> CommandError {
    failure(NOT_EXECUTABLE, NOT_EXECUTABLE_KIND, why)
}

fn failure(code: u8, kind: &'static str, why: &str) -> CommandError {
    let failure = CommandError::new(Exit::Failure, why).hint("check the command after `--`");
    CommandError { code, kind, ..failure }
}
