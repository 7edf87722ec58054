//! Exit code and hint of the state folder's errors.

use loom_runtime::state::{StateError, UnsafeFolder};

use super::CommandError;
use super::exit::Exit;

/// What the user can do about an error of the state folder.
pub(crate) const HINT: &str =
    "check that the state folder can be written, or set LOOM_STATE_DIR to another one";

/// The exit code of an error of the state folder.
pub(crate) fn exit(error: &StateError) -> Exit {
    if error.is_disk_full() { Exit::DiskFull } else { Exit::Failure }
}

/// What to do about a state folder that other users own or can write.
fn hint(why: &UnsafeFolder) -> &'static str {
    match why {
        UnsafeFolder::HomeOfOther(_) => {
            "set HOME to root's own, or LOOM_STATE_DIR to a folder of root"
        }
        _ => "set LOOM_STATE_DIR to a folder that is yours alone",
    }
}

impl From<StateError> for CommandError {
    fn from(error: StateError) -> Self {
        let hint = error.unsafe_folder().map_or(HINT, hint);
        Self::of(exit(&error), &error).hint(hint)
    }
}
