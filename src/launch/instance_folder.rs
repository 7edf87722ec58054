//! The folder of an instance, `<state>/instances/<id>/`:
//!
//! | file | content |
//! |---|---|
//! | `lock` | held by the supervisor and inherited by the server: the instance is alive while the lock is held; never removed |
//! | `instance.json` | what runs ([`InstanceRecord`]; mode 0600) |
//! | `control` | the socket of the supervisor, or its address and token |
//! | `ready.json` | the addresses that the server writes once it listens |
//! | `end.json` | how the last server exited, if it did so unexpectedly |
//! | `proof.json`, `proof.log` | the addresses and the output of a newer version that is tried on free ports |
//! | `proof.lock` | held by the supervisor while it tries one, and inherited by the server that is tried; never removed |
//! | `switch.json` | the switch to another release, until it is noted as a generation |
//! | `updates/` | logs of versions that did not become ready, and of those that ran before |
//! | `log`, `log.1`, `log.2` | the server's output, newest first |

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use loom_source::Digest;

use super::{LaunchError, document::InstanceRecord, values::LaunchKind};
use crate::state::{StateDir, StateError, StateFile};

/// The folder of one instance.
#[derive(Debug, Clone)]
pub(super) struct InstanceFolder {
    pub(super) id: String,
    folder: StateDir,
    state: StateDir,
}

/// The prefix that the ids of all instances of one project share.
pub(super) fn project_prefix(project: &Path) -> String {
    let mut id = Digest::of(project.as_os_str().as_encoded_bytes()).to_string();
    id.truncate(16);
    id
}

impl InstanceFolder {
    /// The folder of the one instance that `up` starts for a project and program.
    pub(super) fn of_project(state: &StateDir, project: &Path, binary: &str) -> Self {
        Self::named(state, &format!("{}-{binary}", project_prefix(project)))
    }

    /// The folder of a new instance of `kind`: always the same one for `up`, one of its own for each `exec`.
    ///
    /// # Errors
    /// [`LaunchError::Random`] where the name of a new folder cannot be made.
    pub(super) fn for_launch(
        state: &StateDir,
        project: &Path,
        binary: &str,
        kind: LaunchKind,
    ) -> Result<Self, LaunchError> {
        match kind {
            LaunchKind::Up => Ok(Self::of_project(state, project, binary)),
            LaunchKind::Exec => {
                let token = loom_base::token::random_token();
                let token = token.map_err(|source| LaunchError::Random { source })?;
                Ok(Self::named(state, &format!("{}-exec-{token}", project_prefix(project))))
            }
        }
    }

    /// The folder of the instance `id`.
    pub(super) fn named(state: &StateDir, id: &str) -> Self {
        Self { folder: instances(state).folder(id), id: id.to_owned(), state: state.clone() }
    }

    /// The folders of all instances, in the order of their ids.
    pub(super) fn all(state: &StateDir) -> Result<Vec<Self>, StateError> {
        let ids = instances(state).names()?;
        Ok(ids.iter().map(|id| Self::named(state, id)).collect())
    }

    /// The state folder that it is in.
    pub(super) fn state(&self) -> StateDir {
        self.state.clone()
    }

    /// Creates the folder; only this user can enter it.
    pub(super) fn create(&self) -> Result<(), StateError> {
        self.folder.create()
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(super) fn ready_file(&self) -> StateFile {
        self.folder.file("ready.json")
    }

    /// The ready file of a newer version that is tried on free ports.
    pub(super) fn proof_file(&self) -> StateFile {
        self.folder.file("proof.json")
    }

    /// The log of a newer version that is tried on free ports.
    pub(super) fn proof_log(&self) -> PathBuf {
        self.folder.path().join("proof.log")
    }

    /// The lock of a newer version that is tried on free ports.
    pub(super) fn proof_lock(&self) -> StateFile {
        self.folder.file("proof.lock")
    }

    /// The file about the switch to another release.
    pub(super) fn switch_file(&self) -> StateFile {
        self.folder.file("switch.json")
    }

    /// Whether a file can be written in the folder: a server could report that it is ready.
    pub(super) fn is_writable(&self) -> bool {
        let file = self.folder.file("probe");
        let is_written = file.write_unsynced(&[0; 4096]).is_ok();
        is_written && file.remove().is_ok()
    }

    /// The folder with the logs of versions that did not become ready.
    pub(super) fn update_logs(&self) -> PathBuf {
        self.folder.path().join("updates")
    }

    pub(super) fn control_file(&self) -> StateFile {
        self.folder.file("control")
    }

    pub(super) fn end_file(&self) -> StateFile {
        self.folder.file("end.json")
    }

    fn lock_file(&self) -> StateFile {
        self.folder.file("lock")
    }

    fn record_file(&self) -> StateFile {
        self.folder.file("instance.json")
    }

    /// The path of the lock file.
    pub(super) fn lock_path(&self) -> PathBuf {
        self.lock_file().path().to_owned()
    }

    /// Takes the lock; `None` where another process holds it.
    pub(super) fn try_lock(&self) -> Result<Option<File>, StateError> {
        self.lock_file().try_hold()
    }

    /// Whether a process holds the lock. Files that a dead instance left are removed; its logs stay, and so does its record
    /// while it tells what became of a switch.
    pub(super) fn is_alive(&self) -> Result<bool, StateError> {
        if self.lock_file().is_held()? {
            return Ok(true);
        }
        if self.record_file().path().exists()
            && !self.switch_file().path().exists()
            // What cannot be locked cannot be removed either: a later command does it.
            && let Ok(Some(_lock)) = self.try_lock()
        {
            self.remove_run_files();
        }
        Ok(false)
    }

    /// Removes the files that describe a running instance. Only the holder of the lock may call this.
    pub(super) fn remove_run_files(&self) {
        for file in [self.record_file(), self.control_file(), self.ready_file(), self.proof_file()]
        {
            // A file that cannot be removed is overwritten by the next instance.
            let _ = file.remove();
        }
    }

    /// Removes the record of the last server's unexpected exit.
    pub(super) fn remove_end(&self) {
        // If that fails, the exit is reported once more.
        let _ = self.end_file().remove();
    }

    /// Removes the folder. Only for an instance whose id is never used again.
    pub(super) fn remove(&self) {
        // A folder that cannot be removed has no effect on later instances.
        let _ = self.folder.remove_all();
    }

    /// Writes `instance.json`. An instance does not survive a power failure, so its record need not either.
    pub(super) fn write(&self, record: &InstanceRecord) -> Result<(), StateError> {
        self.record_file().write_json_unsynced(record)
    }

    /// The content of `instance.json`; `None` where it is absent or cannot be understood.
    pub(super) fn read(&self) -> Option<InstanceRecord> {
        self.record_file().read_json().ok().flatten()
    }
}

fn instances(state: &StateDir) -> StateDir {
    state.folder("instances")
}
