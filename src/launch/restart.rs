//! Changing over from one runtime to another on the same ports.
//!
//! The old one must end before the new one can have its ports, but it is not given up: its supervisor waits, with the
//! lease and all that it takes to start it again, until the new one has answered.

use std::path::Path;

use super::{
    Document, Kind, Launch, LaunchError, Started, State,
    control::{Report, Supervisor},
    down,
    folder::Folder,
    look::look,
    orphan,
    start::start,
};

/// Ends what runs in the project of `launch` and starts `launch`; if that does not come up, what ran before is
/// started again. The logs of both are kept.
///
/// # Errors
/// [`LaunchError::NothingRuns`], [`LaunchError::RolledBack`], [`LaunchError::NothingCameUp`].
pub fn restart(launch: Launch) -> Result<Started, LaunchError> {
    let folder = Folder::of(&launch.state, &launch.project, &launch.binary, launch.kind);
    let Some(kept) = look(&folder)? else { return Err(LaunchError::NothingRuns) };
    if kept.instance.state != State::Ready {
        // Nothing that has answered is lost.
        down::end(&folder, kept.instance.state, launch.grace)?;
        return start(&launch, &folder);
    }
    let silent = |source| LaunchError::Control { id: folder.id.clone(), source };
    let mut previous = Supervisor::reach(folder.path()).map_err(silent)?;
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
pub fn memo(state: &Path, project: &Path, binary: &str) -> Result<serde_json::Value, LaunchError> {
    let folder = Folder::of(state, project, binary, Kind::Up);
    look(&folder)?.map(|kept| kept.memo).ok_or(LaunchError::NothingRuns)
}

fn roll_back(previous: Supervisor, why: LaunchError) -> LaunchError {
    let source = Box::new(why);
    match resume(previous) {
        Ok(previous) => LaunchError::RolledBack { previous, source },
        Err(again) => LaunchError::NothingCameUp { again: Box::new(again), source },
    }
}

fn resume(previous: Supervisor) -> Result<Box<Document>, LaunchError> {
    match previous.resume(down::LONGEST_GRACE) {
        Ok(Report::Ready(document)) => Ok(document),
        Ok(Report::Failed(failure)) => Err(failure.into()),
        Ok(Report::Ended(_)) | Err(_) => Err(LaunchError::Silent),
    }
}
