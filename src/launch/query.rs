//! Which runtimes run, as their supervisors answer.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    Instance, LaunchError, RuntimeState,
    control::SupervisorHandle,
    document::InstanceRecord,
    instance_folder::{InstanceFolder, project_prefix},
    left_record::left_record,
    orphan,
    updates::settle,
};
use crate::state::{StateDir, StateError};

/// How long a supervisor may be silent, between taking its lock and listening or while it exits, before its server
/// counts as orphaned.
const SILENCE: Duration = Duration::from_secs(1);

/// Which runtimes a query or command covers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// Only the runtimes of the project in this folder; `None` for all of the state folder, which belongs to one user.
    pub project: Option<&'a Path>,
    /// Only the runtimes of this program; `None` for all programs.
    pub binary: Option<&'a str>,
}

impl Scope<'_> {
    /// The folders of the instances in this scope.
    pub(super) fn folders(self, state: &StateDir) -> Result<Vec<InstanceFolder>, StateError> {
        let prefix = self.project.map(project_prefix).unwrap_or_default();
        let mut folders = InstanceFolder::all(state)?;
        folders.retain(|folder| folder.id.starts_with(&prefix));
        Ok(folders)
    }

    /// Whether an instance, which is one of the project, belongs to the scope.
    pub(super) fn covers(self, instance: &Instance) -> bool {
        self.binary.is_none_or(|binary| instance.document.binary == binary)
    }
}

/// The runtimes in `scope` that are alive, in the order of their ids. Files that dead ones left are removed.
///
/// # Errors
/// [`LaunchError::State`] where the state folder cannot be read.
///
/// # Examples
/// ```
/// use loom_runtime::{launch::{Scope, running}, state::StateDir};
///
/// let folder = tempfile::tempdir()?;
/// assert!(running(&StateDir::new(folder.path()), Scope::default())?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn running(state: &StateDir, scope: Scope<'_>) -> Result<Vec<Instance>, LaunchError> {
    let mut found = Vec::new();
    for folder in scope.folders(state)? {
        let instance = query(&folder)?.map(|record| record.instance);
        found.extend(instance.filter(|instance| scope.covers(instance)));
    }
    Ok(found)
}

/// The path of the log of the project's runtime, running or not; the file need not exist.
pub fn log_of(state: &StateDir, project: &Path, binary: &str) -> PathBuf {
    InstanceFolder::of_project(state, project, binary).log()
}

/// Whether the project's runtime is alive.
///
/// # Errors
/// [`LaunchError::State`] where the state folder cannot be read.
pub fn is_alive(state: &StateDir, project: &Path, binary: &str) -> Result<bool, LaunchError> {
    Ok(InstanceFolder::of_project(state, project, binary).is_alive()?)
}

/// The record of the instance in `folder`; `None` where it is not alive. What became of a switch whose supervisor was
/// killed is noted, and a server that this supervisor only tried is ended.
pub(super) fn query(folder: &InstanceFolder) -> Result<Option<InstanceRecord>, LaunchError> {
    let begun = Instant::now();
    loop {
        if !folder.is_alive()? {
            bury(folder);
            return Ok(None);
        }
        if let Ok(record) =
            SupervisorHandle::connect(&folder.control_file()).and_then(SupervisorHandle::status)
        {
            return Ok(Some(record));
        }
        if begun.elapsed() > SILENCE {
            if orphan::end_tried(folder)? {
                // It may have been the last process of the instance.
                continue;
            }
            let record = left_record(folder);
            settle(folder, record.as_ref(), true);
            return Ok(record.map(|record| orphaned(folder, record)));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The record of a server whose supervisor is gone. The process in it is one that runs: the recorded one, else one that it
/// has started, or one that the supervisor had no time to record.
fn orphaned(folder: &InstanceFolder, mut record: InstanceRecord) -> InstanceRecord {
    record.instance.state = RuntimeState::Orphaned;
    let heirs = orphan::heirs(&folder.lock_path());
    let pid = &mut record.instance.document.pid;
    if !heirs.is_empty() && !pid.is_some_and(|pid| heirs.contains(&pid)) {
        *pid = heirs.first().copied();
    }
    record
}

/// Notes what became of the switch of an instance that is not alive, and removes what it left.
fn bury(folder: &InstanceFolder) {
    // What cannot be locked cannot be written either: a later command does it.
    if folder.switch_file().path().exists()
        && let Ok(Some(_lock)) = folder.try_lock()
    {
        settle(folder, left_record(folder).as_ref(), false);
        folder.remove_run_files();
    }
}
