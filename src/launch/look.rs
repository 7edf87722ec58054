//! What runs, as its supervisors say.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    Instance, LaunchError, LaunchKind, RuntimeState,
    control::SupervisorHandle,
    document::InstanceRecord,
    folder::{self, InstanceFolder},
};

/// How long a supervisor may be silent, between its lock and its socket or at its end, before it counts as gone.
const SILENCE: Duration = Duration::from_secs(1);

/// Whose runtimes.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// Those of the project in this folder.
    Project(&'a Path),
    /// All of this state folder, which is one user's.
    All,
}

impl Scope<'_> {
    pub(super) fn folders(self, state: &Path) -> Result<Vec<InstanceFolder>, LaunchError> {
        let prefix = match self {
            Self::Project(project) => folder::project_prefix(project),
            Self::All => String::new(),
        };
        let mut folders = InstanceFolder::all(state)?;
        folders.retain(|folder| folder.id.starts_with(&prefix));
        Ok(folders)
    }
}

/// The runtimes that live, in the order of their ids. What dead ones left is tidied.
pub fn running(state: &Path, whose: Scope<'_>) -> Result<Vec<Instance>, LaunchError> {
    let mut found = Vec::new();
    for folder in whose.folders(state)? {
        found.extend(query(&folder)?.map(|kept| kept.instance));
    }
    Ok(found)
}

/// The log of the project's runtime, the one that runs or the last one; there may be none.
pub fn log_of(state: &Path, project: &Path, binary: &str) -> PathBuf {
    InstanceFolder::of(state, project, binary, LaunchKind::Up).log()
}

/// Whether the project's runtime lives.
pub fn lives(state: &Path, project: &Path, binary: &str) -> Result<bool, LaunchError> {
    InstanceFolder::of(state, project, binary, LaunchKind::Up).alive()
}

/// What lives in `folder`.
pub(super) fn query(folder: &InstanceFolder) -> Result<Option<InstanceRecord>, LaunchError> {
    let begun = Instant::now();
    loop {
        if !folder.alive()? {
            return Ok(None);
        }
        if let Ok(kept) = SupervisorHandle::reach(folder.path()).and_then(SupervisorHandle::status)
        {
            return Ok(Some(kept));
        }
        if begun.elapsed() > SILENCE {
            return Ok(folder.read().map(|mut kept| {
                kept.instance.state = RuntimeState::Orphaned;
                kept
            }));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
