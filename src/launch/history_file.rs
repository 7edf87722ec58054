//! The file of a project's history of runs, `<state>/history/<project>-<program>.db`.

use std::path::{Path, PathBuf};

use super::instance_folder::project_prefix;
use crate::state::{StateDir, StateError};

/// The folder of the histories, in the state folder.
const FOLDER: &str = "history";

/// The path of the history of the project's runtime; the file need not exist.
pub fn history_of(state: &StateDir, project: &Path, binary: &str) -> PathBuf {
    state.folder(FOLDER).path().join(format!("{}-{binary}.db", project_prefix(project)))
}

/// Creates the folder of the histories, which only this user can enter.
///
/// # Errors
/// Whatever keeps the folder from being created.
pub fn create_history_folder(state: &StateDir) -> Result<(), StateError> {
    state.folder(FOLDER).create()
}
