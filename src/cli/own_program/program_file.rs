//! The file and the version of this program.

use crate::cli::{CommandError, Exit};
use loom_runtime::{config::Resolved, own_program::OwnProgram};

/// The version of this program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The file of this program.
pub(super) fn own_program(resolved: &Resolved) -> Result<OwnProgram, CommandError> {
    let path = std::env::current_exe().map_err(|e| {
        CommandError::new(Exit::Failure, format!("could not find the program file of loom: {e}"))
    })?;
    Ok(OwnProgram::at(&path, VERSION, &resolved.state_dir.value)?)
}
