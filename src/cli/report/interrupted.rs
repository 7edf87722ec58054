//! Downloads that Ctrl+C ended.

use super::{CommandError, exit::Exit};

/// The error of an interrupted download of which `amount` is here.
pub(crate) fn interrupted(amount: &str, resumable: bool, command: &str) -> CommandError {
    let error = CommandError::new(Exit::Interrupted, format!("interrupted at {amount}"));
    error.hint(if resumable {
        format!("to resume the download, run the same command again: {command}")
    } else {
        format!("the source cannot resume; to start the download again: {command}")
    })
}
