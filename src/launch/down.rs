//! Stopping runtimes.

use std::time::Duration;

use super::{
    Instance, LaunchError, RuntimeState, Scope, ServerExit, control::SupervisorHandle,
    instance_folder::InstanceFolder, orphan, query::query,
};
use crate::state::StateDir;

/// A runtime that was stopped.
#[derive(Debug)]
pub struct StoppedInstance {
    /// The instance as it was before.
    pub instance: Instance,
    /// How the server ended; `None` where no supervisor observed it: before it was ready, or as an orphan.
    pub ended: Option<ServerExit>,
}

/// Stops the runtimes in `scope`, each within its own grace period; an orphan gets `grace`.
///
/// # Errors
/// [`LaunchError::State`] where the state folder cannot be read, [`LaunchError::DoesNotEnd`] where a server survives
/// being killed.
pub fn down(
    state: &StateDir,
    scope: Scope<'_>,
    grace: Duration,
) -> Result<Vec<StoppedInstance>, LaunchError> {
    let mut stopped = Vec::new();
    for folder in scope.folders(state)? {
        if let Some(record) = query(&folder)? {
            if !scope.covers(&record.instance) {
                continue;
            }
            let ended = stop(&folder, record.instance.state, grace)?;
            stopped.push(StoppedInstance { instance: record.instance, ended });
        } else if !orphan::heirs(&folder.lock_path()).is_empty() {
            // Processes that the server of an instance started, and that outlived both.
            orphan::stop(&folder, grace)?;
        }
        // The user of `down` knows that nothing runs.
        folder.remove_end();
    }
    Ok(stopped)
}

/// Stops the instance in `folder`; returns when its lock is free.
pub(super) fn stop(
    folder: &InstanceFolder,
    state: RuntimeState,
    grace: Duration,
) -> Result<Option<ServerExit>, LaunchError> {
    if state == RuntimeState::Orphaned {
        orphan::stop(folder, grace)?;
        return Ok(None);
    }
    // The supervisor applies a grace period of its own, which is not known here, and then kills.
    let reply =
        SupervisorHandle::connect(&folder.control_file()).and_then(|s| s.stop(LONGEST_GRACE));
    if !orphan::released(folder, SUPERVISOR_EXIT)? {
        // The supervisor died meanwhile, or the server left processes behind.
        orphan::stop(folder, grace)?;
    }
    Ok(reply.ok().flatten())
}

/// Longer than the grace period of any server.
pub(super) const LONGEST_GRACE: Duration = Duration::from_secs(3600);
/// How long a supervisor may take to exit after its server.
const SUPERVISOR_EXIT: Duration = Duration::from_secs(2);
