//! What runs, as its supervisors say.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    Instance, Kind, LaunchError, State,
    control::Supervisor,
    document::Kept,
    folder::{self, Folder},
};

/// How long a supervisor may be silent, between its lock and its socket or at its end, before it counts as gone.
const SILENCE: Duration = Duration::from_secs(1);

/// Whose runtimes.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// Those of the project in this folder.
    Project(&'a Path),
    /// All of this state folder, which is one user's.
    All,
}

impl Whose<'_> {
    pub(super) fn folders(self, state: &Path) -> Result<Vec<Folder>, LaunchError> {
        let prefix = match self {
            Self::Project(project) => folder::project_prefix(project),
            Self::All => String::new(),
        };
        let mut folders = Folder::all(state)?;
        folders.retain(|folder| folder.id.starts_with(&prefix));
        Ok(folders)
    }
}

/// The runtimes that live, in the order of their ids. What dead ones left is tidied.
pub fn running(state: &Path, whose: Whose<'_>) -> Result<Vec<Instance>, LaunchError> {
    let mut found = Vec::new();
    for folder in whose.folders(state)? {
        found.extend(look(&folder)?.map(|kept| kept.instance));
    }
    Ok(found)
}

/// The log of the project's runtime, the one that runs or the last one; there may be none.
pub fn log_of(state: &Path, project: &Path, binary: &str) -> PathBuf {
    Folder::of(state, project, binary, Kind::Up).log()
}

/// Whether the project's runtime lives.
pub fn lives(state: &Path, project: &Path, binary: &str) -> Result<bool, LaunchError> {
    Folder::of(state, project, binary, Kind::Up).alive()
}

/// What lives in `folder`.
pub(super) fn look(folder: &Folder) -> Result<Option<Kept>, LaunchError> {
    let begun = Instant::now();
    loop {
        if !folder.alive()? {
            return Ok(None);
        }
        if let Ok(kept) = Supervisor::reach(folder.path()).and_then(Supervisor::status) {
            return Ok(Some(kept));
        }
        if begun.elapsed() > SILENCE {
            return Ok(folder.read().map(|mut kept| {
                kept.instance.state = State::Orphaned;
                kept
            }));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
