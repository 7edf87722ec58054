//! Exit code and hint of the state folder's errors.

use loom_runtime::state::{StateError, UnsafeFolder};

use super::CommandError;
use super::exit::Exit;

/// What the user can do about a state folder that cannot be written.
pub(crate) const HINT: &str =
    "check that the state folder can be written, or set LOOM_STATE_DIR to another one";

/// What the user can do about an error of the state folder, by what failed.
pub(crate) fn hint(error: &StateError) -> &'static str {
    if let Some(why) = error.unsafe_folder() {
        folder_hint(why)
    } else if error.is_malformed() {
        "restore the file, or remove it: loom then begins a new one"
    } else if error.is_misplaced() {
        "move away what is in the place of the file: loom then begins a new one"
    } else if error.is_unreadable() {
        "check that the state folder can be read, or set LOOM_STATE_DIR to another one"
    } else {
        HINT
    }
}

/// The exit code of an error of the state folder.
pub(crate) fn exit(error: &StateError) -> Exit {
    if error.is_disk_full() { Exit::DiskFull } else { Exit::Failure }
}

/// What to do about a state folder that other users own or can write.
fn folder_hint(why: &UnsafeFolder) -> &'static str {
    match why {
        UnsafeFolder::HomeOfOther(_) => {
            "set HOME to root's own, or LOOM_STATE_DIR to a folder of root"
        }
        _ => "set LOOM_STATE_DIR to a folder that is yours alone",
    }
}

impl From<StateError> for CommandError {
    fn from(error: StateError) -> Self {
        Self::of(exit(&error), &error).hint(hint(&error))
    }
}
