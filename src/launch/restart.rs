//! Changing over from one runtime to another on the same ports.
//!
//! The old one must end before the new one can have its ports, but it is not given up: its supervisor waits, with the
//! lease and all that it takes to start it again, until the new one has answered.

use std::path::Path;

use super::{
    Launch, LaunchError, LaunchKind, RuntimeDocument, RuntimeState, Started,
    control::{StartReport, SupervisorHandle},
    down,
    folder::InstanceFolder,
    look::query,
    orphan,
    start::start,
};

/// Ends what runs in the project of `launch` and starts `launch`; if that does not come up, what ran before is
/// started again. The logs of both are kept.
///
/// # Errors
/// [`LaunchError::NothingRuns`], [`LaunchError::RolledBack`], [`LaunchError::NothingCameUp`].
pub fn restart(launch: Launch) -> Result<Started, LaunchError> {
    let folder = InstanceFolder::of(&launch.state, &launch.project, &launch.binary, launch.kind);
    let Some(kept) = query(&folder)? else { return Err(LaunchError::NothingRuns) };
    if kept.instance.state != RuntimeState::Ready {
        // Nothing that has answered is lost.
        down::end(&folder, kept.instance.state, launch.grace)?;
        return start(&launch, &folder);
    }
    let silent = |source| LaunchError::Control { id: folder.id.clone(), source };
    let mut previous = SupervisorHandle::reach(folder.path()).map_err(silent)?;
    previous.yields(down::LONGEST_GRACE).map_err(silent)?;
    if !orphan::released(&folder, launch.grace)? {
        orphan::end(&folder, launch.grace)?;
    }
    match start(&launch, &folder) {
        Ok(started) => {
            // If it cannot be told, it finds its instance taken and goes.
            let _ = previous.quit();
            Ok(started)
        }
        Err(why) => Err(roll_back(previous, why)),
    }
}

/// What the project's running runtime was started with, see [`Launch::memo`].
pub fn launch_args(
    state: &Path,
    project: &Path,
    binary: &str,
) -> Result<serde_json::Value, LaunchError> {
    let folder = InstanceFolder::of(state, project, binary, LaunchKind::Up);
    query(&folder)?.map(|kept| kept.launch_args).ok_or(LaunchError::NothingRuns)
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
