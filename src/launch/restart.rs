//! Replacing a runtime by another one on the same ports.
//!
//! The old server must end before the new one can have its ports, but it is not given up: its supervisor waits, with
//! the lease and all that it needs to start the old server again, until the new one is ready. Where the supervisor was
//! killed, the new settings start the old release again.

use std::{fs::File, path::Path};

use super::{
    Difference, Launch, LaunchError, ReleaseProgram, RuntimeDocument, RuntimeState, Started,
    control::{StartReport, SupervisorHandle},
    document::InstanceRecord,
    down,
    failed_log::with_kept_log,
    instance_folder::InstanceFolder,
    kept_ports::KeptPorts,
    orphan,
    query::query,
    settings,
    start::start_on,
};
use crate::state::StateDir;

/// The release to go back to where the runtime that is replaced has lost its supervisor, or was not ready itself: nothing
/// else can start one again. Of a runtime that is ready, it is the release that tells whether settings are to blame.
#[derive(Debug)]
pub struct OrphanedRelease {
    /// The release.
    pub release: ReleaseProgram,
    /// The lock that keeps its tree.
    pub lease: File,
}

/// Stops the runtime of the project of `launch` and starts `launch`, on the same ports where it requests any free ones; if that does not become ready, starts the
/// previous runtime again. The logs of both are kept. Where the previous one has lost its supervisor or was not ready, `previous` is
/// started instead, with the settings of `launch`. Where `launch` has other settings than the previous runtime besides its release,
/// `previous` is tried with them before: where it fails too, the settings are to blame.
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
    let mut waiting = SupervisorHandle::connect(&folder.control_file()).map_err(silent)?;
    waiting.yields(down::LONGEST_GRACE).map_err(silent)?;
    if !orphan::released(&folder, launch.grace)? {
        orphan::stop(&folder, launch.grace)?;
    }
    match start_on(&launch, &folder, kept.clone()) {
        Ok(started) => {
            // A supervisor that does not get the message sees that the instance has a new owner, and exits.
            let _ = waiting.quit();
            Ok(started)
        }
        Err(why) => {
            let why = with_kept_log(why, &launch.version, &folder);
            let with_settings = match &why {
                LaunchError::Failed(failure)
                    if failure.is_of_release() && has_other_settings(&launch, &record) =>
                {
                    previous.and_then(|it| fails_too(launch, it, (&folder, kept)))
                }
                _ => None,
            };
            Err(roll_back(waiting, why, with_settings))
        }
    }
}

/// Whether more than the release is another one than that of the runtime before.
fn has_other_settings(launch: &Launch, before: &InstanceRecord) -> bool {
    let requested = settings::of(launch, &before.salt);
    let differences = settings::differences(&before.settings, &requested);
    differences.iter().any(|it| !matches!(it, Difference::Version { .. } | Difference::Build))
}

/// Starts the release before with the settings of a new one that failed, and stops it again; returns why it fails, too.
fn fails_too(
    launch: Launch,
    previous: OrphanedRelease,
    (folder, kept): (&InstanceFolder, KeptPorts),
) -> Option<Box<LaunchError>> {
    let again = with_release(launch, previous);
    match start_on(&again, folder, kept) {
        Ok(started) => {
            // The supervisor that waits starts it again all the same.
            let _ = started.stop();
            None
        }
        Err(LaunchError::Failed(failure)) if failure.is_of_release() => {
            Some(Box::new(with_kept_log(failure.into(), &again.version, folder)))
        }
        Err(_) => None,
    }
}

/// The same launch of another release. The next supervisor inherits the lease of its own release alone.
fn with_release(mut launch: Launch, previous: OrphanedRelease) -> Launch {
    drop(launch.lease.take());
    let OrphanedRelease { release: ReleaseProgram { version, tree, program }, lease } = previous;
    Launch { version, tree, program: program.into(), lease: Some(lease), ..launch }
}

/// Starts the previous release again after the new one has failed; `ended` is the record of the runtime that was stopped.
fn go_back(
    launch: Launch,
    previous: Option<OrphanedRelease>,
    ended: InstanceRecord,
    (folder, kept): (&InstanceFolder, KeptPorts),
    why: LaunchError,
) -> LaunchError {
    let source = Box::new(why);
    let Some(previous) = previous else {
        return LaunchError::PreviousEnded { previous: Box::new(ended.instance.document), source };
    };
    // A later restart selects the version as the runtime before did, and not as this restart.
    let again = Launch { launch_args: ended.launch_args, ..with_release(launch, previous) };
    match start_on(&again, folder, kept) {
        Ok(started) => {
            let previous = Box::new(started.detach());
            LaunchError::RolledBack { previous, source, with_settings: None }
        }
        Err(again) => {
            LaunchError::NothingCameUp { again: Box::new(again), same_settings: true, source }
        }
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

fn roll_back(
    previous: SupervisorHandle,
    why: LaunchError,
    with_settings: Option<Box<LaunchError>>,
) -> LaunchError {
    let source = Box::new(why);
    match resume(previous) {
        Ok(previous) => LaunchError::RolledBack { previous, source, with_settings },
        Err(again) => {
            let (again, same_settings) = (Box::new(again), false);
            LaunchError::NothingCameUp { again, same_settings, source }
        }
    }
}

fn resume(previous: SupervisorHandle) -> Result<Box<RuntimeDocument>, LaunchError> {
    match previous.resume(down::LONGEST_GRACE) {
        Ok(StartReport::Ready(document)) => Ok(document),
        Ok(StartReport::Failed(failure)) => Err(failure.into()),
        Ok(StartReport::Ended(_)) | Err(_) => Err(LaunchError::Silent),
    }
}
