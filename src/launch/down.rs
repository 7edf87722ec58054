//! Ending runtimes: their supervisors are told to.

use std::{path::Path, time::Duration};

use super::{
    Ended, Instance, LaunchError, RuntimeState, Scope, control::SupervisorHandle,
    folder::InstanceFolder, look::query, orphan,
};

/// One runtime that was ended.
#[derive(Debug)]
pub struct Downed {
    /// What ran.
    pub instance: Instance,
    /// How the server ended; `None` where nobody saw it: before it was ready, or without a supervisor.
    pub ended: Option<Ended>,
}

/// Ends the runtimes that live, each in its own grace; an orphan gets `grace`.
pub fn down(state: &Path, whose: Scope<'_>, grace: Duration) -> Result<Vec<Downed>, LaunchError> {
    let mut downed = Vec::new();
    for folder in whose.folders(state)? {
        if let Some(kept) = query(&folder)? {
            let ended = end(&folder, kept.instance.state, grace)?;
            downed.push(Downed { instance: kept.instance, ended });
        } else if !orphan::heirs(&folder.lock_file()).is_empty() {
            // Left over from an instance that has tidied up: processes that its server started.
            orphan::end(&folder, grace)?;
        }
        // Whoever says that nothing is to run knows what does not.
        folder.forget_end();
    }
    Ok(downed)
}

/// Ends what lives in `folder`; returns when its lock is free.
pub(super) fn end(
    folder: &InstanceFolder,
    state: RuntimeState,
    grace: Duration,
) -> Result<Option<Ended>, LaunchError> {
    if state == RuntimeState::Orphaned {
        orphan::end(folder, grace)?;
        return Ok(None);
    }
    // The supervisor keeps to its own grace, which we do not know; afterwards it kills.
    let asked = SupervisorHandle::reach(folder.path()).and_then(|s| s.stop(LONGEST_GRACE));
    if !orphan::released(folder, FAREWELL)? {
        // It died while it was asked, or left processes behind.
        orphan::end(folder, grace)?;
    }
    Ok(asked.ok().flatten())
}

/// Longer than any server is given to end.
pub(super) const LONGEST_GRACE: Duration = Duration::from_secs(3600);
/// How long a supervisor may take to exit after its server.
const FAREWELL: Duration = Duration::from_secs(2);
