//! Replacing a runtime by another one on the same ports.
//!
//! The old server must end before the new one can have its ports, but it is not given up: its supervisor waits, with
//! the lease and all that it needs to start the old server again, until the new one is ready.

use std::path::Path;

use super::{
    Launch, LaunchError, RuntimeDocument, RuntimeState, Started,
    control::{StartReport, SupervisorHandle},
    down,
    instance_folder::InstanceFolder,
    kept_ports::KeptPorts,
    orphan,
    query::query,
    start::start_on,
};
use crate::state::StateDir;

/// Stops the runtime of the project of `launch` and starts `launch`, on the same ports where it requests any free ones; if that does not become ready, starts the
/// previous runtime again. The logs of both are kept.
///
/// # Errors
/// [`LaunchError::NothingRuns`] where there is no runtime to restart, [`LaunchError::RolledBack`] and
/// [`LaunchError::NothingCameUp`] where the new one fails.
pub fn restart(launch: Launch) -> Result<Started, LaunchError> {
    let folder = InstanceFolder::of_project(&launch.state, &launch.project, &launch.binary);
    let Some(record) = query(&folder)? else { return Err(LaunchError::NothingRuns) };
    let kept = KeptPorts::of(&record.instance.document);
    if record.instance.state != RuntimeState::Ready {
        // There is no working runtime to go back to.
        down::stop(&folder, record.instance.state, launch.grace)?;
        return start_on(&launch, &folder, kept);
    }
    let silent = |source| LaunchError::Control { id: folder.id.clone(), source };
    let mut previous = SupervisorHandle::connect(&folder.control_file()).map_err(silent)?;
    previous.yields(down::LONGEST_GRACE).map_err(silent)?;
    if !orphan::released(&folder, launch.grace)? {
        orphan::stop(&folder, launch.grace)?;
    }
    match start_on(&launch, &folder, kept) {
        Ok(started) => {
            // A supervisor that does not get the message sees that the instance has a new owner, and exits.
            let _ = previous.quit();
            Ok(started)
        }
        Err(why) => Err(roll_back(previous, why)),
    }
}

/// The arguments that the project's running runtime was started with: [`Launch::launch_args`].
///
/// # Errors
/// [`LaunchError::NothingRuns`] where no runtime runs.
pub fn launch_args(
    state: &StateDir,
    project: &Path,
    binary: &str,
) -> Result<serde_json::Value, LaunchError> {
    let folder = InstanceFolder::of_project(state, project, binary);
    query(&folder)?.map(|record| record.launch_args).ok_or(LaunchError::NothingRuns)
}

fn roll_back(previous: SupervisorHandle, why: LaunchError) -> LaunchError {
    let source = Box::new(why);
    match resume(previous) {
        Ok(previous) => LaunchError::RolledBack { previous, source },
        Err(again) => LaunchError::NothingCameUp { again: Box::new(again), source },
    }
}

fn resume(previous: SupervisorHandle) -> Result<Box<RuntimeDocument>, LaunchError> {
    match previous.resume(down::LONGEST_GRACE) {
        Ok(StartReport::Ready(document)) => Ok(document),
        Ok(StartReport::Failed(failure)) => Err(failure.into()),
        Ok(StartReport::Ended(_)) | Err(_) => Err(LaunchError::Silent),
    }
}
