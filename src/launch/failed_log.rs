//! The log of a version that did not become ready, kept where no later start replaces it.

use std::path::{Path, PathBuf};

use super::{
    LaunchError, StartFailure, instance_folder::InstanceFolder, log, updates::keep_failed_log,
};
use crate::state::StateDir;

/// Copies the end of the log of a failed start of `version` to where the project's runtime of this program keeps such logs;
/// returns the path, `None` where there is no log or it cannot be copied.
pub fn keep_log_of(
    failure: &StartFailure,
    version: &str,
    state: &StateDir,
    (project, binary): (&Path, &str),
) -> Option<String> {
    let folder = InstanceFolder::of_project(state, project, binary);
    keep_failed_log(&folder.update_logs(), version, failure.log()?)
}

/// The log of the run before a failed start; `None` where there is none.
pub fn log_before(failure: &StartFailure) -> Option<PathBuf> {
    let (log, _) = failure.log()?;
    Some(log::numbered(Path::new(log), 1)).filter(|before| before.is_file())
}

/// The same failure, with the path of the kept log in it.
pub(super) fn with_kept_log(
    error: LaunchError,
    version: &str,
    folder: &InstanceFolder,
) -> LaunchError {
    let LaunchError::Failed(failure) = error else { return error };
    let kept = failure.log().and_then(|log| keep_failed_log(&folder.update_logs(), version, log));
    match kept {
        Some(path) => failure.with_log(path).into(),
        None => failure.into(),
    }
}
