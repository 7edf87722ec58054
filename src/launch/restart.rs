//! Replacing a runtime by another one on the same ports.
//!
//! The old server must end before the new one can have its ports, but it is not given up: its supervisor waits, with
//! the lease and all that it needs to start the old server again, until the new one is ready. Where the supervisor was
//! killed, the new settings start the old release again.

use std::{fs::File, path::Path};

use super::{
    Launch, LaunchError, ReleaseProgram, RuntimeDocument, RuntimeState, Started,
    control::{StartReport, SupervisorHandle},
    document::InstanceRecord,
    down,
    failed_log::with_kept_log,
    instance_folder::InstanceFolder,
    kept_ports::KeptPorts,
    orphan,
    query::query,
    start::start_on,
};
use crate::state::StateDir;

/// The release to go back to where the runtime that is replaced has lost its supervisor, or was not ready itself: nothing
/// else can start one again.
#[derive(Debug)]
pub struct OrphanedRelease {
    /// The release.
    pub release: ReleaseProgram,
    /// The lock that keeps its tree.
    pub lease: File,
}

/// Stops the runtime of the project of `launch` and starts `launch`, on the same ports where it requests any free ones; if that does not become ready, starts the
/// previous runtime again. The logs of both are kept. Where the previous one has lost its supervisor or was not ready, `previous` is
/// started instead, with the settings of `launch`.
///
/// # Errors
/// [`LaunchError::NothingRuns`] where there is no runtime to restart, [`LaunchError::RolledBack`],
/// [`LaunchError::NothingCameUp`] and [`LaunchError::PreviousEnded`] where the new one fails.
pub fn restart(launch: Launch, previous: Option<OrphanedRelease>) -> Result<Started, LaunchError> {
    let folder = InstanceFolder::of_project(&launch.state, &launch.project, &launch.binary);
    let Some(record) = query(&folder)? else { return Err(LaunchError::NothingRuns) };
    // A server that was not ready yet when it lost its supervisor was to be at the addresses of the record.
    let recorded = folder.read().map(|recorded| recorded.instance.document);
    let kept = KeptPorts::of(recorded.as_ref().unwrap_or(&record.instance.document));
    if record.instance.state != RuntimeState::Ready {
        down::stop(&folder, record.instance.state, launch.grace)?;
        let started = start_on(&launch, &folder, kept.clone());
        return match (record.instance.state, &previous) {
            // There is no working runtime to go back to.
            (RuntimeState::Starting | RuntimeState::Switching | RuntimeState::Stopping, None) => {
                started
            }
            _ => started.map_err(|why| {
                let why = with_kept_log(why, &launch.version, &folder);
                go_back(launch, previous, record, (&folder, kept), why)
            }),
        };
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
        Err(why) => Err(roll_back(previous, with_kept_log(why, &launch.version, &folder))),
    }
}

/// Starts the previous release again after the new one has failed; `ended` is the record of the runtime that was stopped.
fn go_back(
    mut launch: Launch,
    previous: Option<OrphanedRelease>,
    ended: InstanceRecord,
    (folder, kept): (&InstanceFolder, KeptPorts),
    why: LaunchError,
) -> LaunchError {
    let source = Box::new(why);
    let Some(OrphanedRelease { release, lease }) = previous else {
        return LaunchError::PreviousEnded { previous: Box::new(ended.instance.document), source };
    };
    // The next supervisor inherits the lease of its own release alone.
    drop(launch.lease.take());
    let ReleaseProgram { version, tree, program } = release;
    // A later restart selects the version as the runtime before did, and not as this restart.
    let (program, lease, launch_args) = (program.into(), Some(lease), ended.launch_args);
    let again = Launch { version, tree, program, lease, launch_args, ..launch };
    match start_on(&again, folder, kept) {
        Ok(started) => LaunchError::RolledBack { previous: Box::new(started.detach()), source },
        Err(again) => LaunchError::NothingCameUp { again: Box::new(again), source },
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
