//! Errors of files in the state folder.

use super::CommandError;
use crate::cli::exit::Exit;
use loom_runtime::state::StateError;

impl From<StateError> for CommandError {
    fn from(error: StateError) -> Self {
        let exit = if error.is_disk_full() { Exit::DiskFull } else { Exit::Failure };
        Self::of(exit, &error)
            .hint("check that the state folder is writable, or set LOOM_STATE_DIR to another one")
    }
}
