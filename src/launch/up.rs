//! [`up()`]: starts a runtime, or finds the one that runs with the same settings.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{
    Launch, LaunchError, LaunchKind, RequestedSettings, RuntimeDocument, RuntimeState,
    StartFailure, Started,
    document::InstanceRecord,
    instance_folder::InstanceFolder,
    query::query,
    settings::{self, Settings},
    start::start,
};
use crate::state::StateDir;

/// The outcome of [`up()`].
#[derive(Debug)]
pub enum Up {
    /// The runtime was started and is ready.
    Started(Box<Started>),
    /// The runtime was running already, with the requested settings.
    Found(Box<RuntimeDocument>),
}

/// Starts `launch`, or returns the runtime that runs already with the same settings. Blocks until it is ready.
///
/// # Errors
/// [`LaunchError::OtherSettings`] and [`LaunchError::Orphan`] where another runtime of this project runs,
/// [`LaunchError::Failed`] where the new one does not become ready.
///
/// # Examples
/// ```
/// # #[cfg(unix)] {
/// use std::time::Duration;
///
/// use loom_base::HostPort;
/// use loom_runtime::{
///     launch::{Launch, LaunchError, LaunchKind, Launcher, up},
///     state::StateDir,
/// };
///
/// let folder = tempfile::tempdir().unwrap();
/// let launch = Launch {
///     program: "/opt/loom/loom-bridge-server".into(),
///     binary: "loom-bridge-server".into(),
///     version: "0.2.0".into(),
///     tree: None,
///     lease: None,
///     env: Vec::new(),
///     bridge: HostPort::new("127.0.0.1", 0),
///     dashboard: None,
///     ready_timeout: Duration::from_secs(30),
///     grace: Duration::from_secs(10),
///     project: folder.path().into(),
///     state: StateDir::new(folder.path().join("state")),
///     kind: LaunchKind::Up,
///     // `loom` names itself here. This program is no supervisor: it exits without a report.
///     launcher: Launcher { program: "/bin/true".into(), args: Vec::new() },
///     update: None,
///     launch_args: serde_json::Value::Null,
/// };
/// assert!(matches!(up(launch), Err(LaunchError::Silent)));
/// # }
/// ```
pub fn up(launch: Launch) -> Result<Up, LaunchError> {
    let Launch { state, project, binary, kind, .. } = &launch;
    let folder = InstanceFolder::for_launch(state, project, binary, *kind)?;
    if *kind == LaunchKind::Exec {
        return start(&launch, &folder).map(|started| Up::Started(Box::new(started)));
    }
    let limit = WaitLimit::new(launch.ready_timeout + launch.grace);
    loop {
        match query(&folder)? {
            None => match start(&launch, &folder) {
                // Another process was faster, or looked at the lock at that very moment: look again.
                Err(LaunchError::Failed(StartFailure::Busy)) => limit.pause()?,
                result => return result.map(|started| Up::Started(Box::new(started))),
            },
            Some(record) => match record.instance.state {
                RuntimeState::Starting | RuntimeState::Switching | RuntimeState::Stopping => {
                    limit.pause()?;
                }
                RuntimeState::Ready => {
                    let requested = settings::of(&launch, &record.salt);
                    return compare(&requested, record).map(Up::Found);
                }
                RuntimeState::Orphaned => return Err(orphan(record)),
            },
        }
    }
}

/// The limit of the wait for another process that starts or stops the same runtime.
struct WaitLimit(Instant);

impl WaitLimit {
    fn new(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// Sleeps for a short time; an error once the limit is reached.
    fn pause(&self) -> Result<(), LaunchError> {
        if Instant::now() >= self.0 {
            return Err(LaunchError::Busy);
        }
        std::thread::sleep(Duration::from_millis(20));
        Ok(())
    }
}

/// Checks whether [`up()`] can succeed, as far as that is known before the program is acquired: whether a runtime
/// with other settings runs.
///
/// # Errors
/// [`LaunchError::OtherSettings`] and [`LaunchError::Orphan`], as of [`up()`].
pub fn check_settings(
    state: &StateDir,
    project: &Path,
    binary: &str,
    requested: &RequestedSettings<'_>,
) -> Result<(), LaunchError> {
    let Some(record) = query(&InstanceFolder::of_project(state, project, binary))? else {
        return Ok(());
    };
    match record.instance.state {
        // Whether it is still there when the program is acquired is not known.
        RuntimeState::Starting | RuntimeState::Switching | RuntimeState::Stopping => Ok(()),
        RuntimeState::Orphaned => Err(orphan(record)),
        RuntimeState::Ready => {
            let requested = settings::requested_settings(requested, &record.salt);
            compare(&requested, record).map(|_| ())
        }
    }
}

fn orphan(record: InstanceRecord) -> LaunchError {
    LaunchError::Orphan { document: Box::new(record.instance.document) }
}

/// The running runtime, if it has the requested settings.
fn compare(
    requested: &Settings,
    record: InstanceRecord,
) -> Result<Box<RuntimeDocument>, LaunchError> {
    let differences = settings::differences(&record.settings, requested);
    let document = Box::new(record.instance.document);
    if differences.is_empty() {
        Ok(document)
    } else {
        Err(LaunchError::OtherSettings { document, differences })
    }
}
