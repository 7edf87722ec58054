//! An instance's folder, `<state>/instances/<id>/`:
//!
//! | file | is |
//! |---|---|
//! | `lock` | held by the supervisor and inherited by the server: the instance lives iff it is held; never removed |
//! | `instance.json` | what runs (0600, written aside and renamed) |
//! | `control` | where the supervisor answers |
//! | `ready.json` | what the server says once it listens |
//! | `end.json` | how the last server ended, if it did so by itself |
//! | `log`, `log.1`, `log.2` | the server's output, newest first |

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use loom_source::Digest;

use super::{LaunchError, LaunchKind, document::InstanceRecord, settings, system};

/// The folder of one instance.
#[derive(Debug, Clone)]
pub(super) struct InstanceFolder {
    pub(super) id: String,
    path: PathBuf,
}

fn failed(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LaunchError {
    let path = path.to_owned();
    move |source| LaunchError::State { act, path, source }
}

/// What the ids of all instances of one project begin with.
pub(super) fn project_prefix(project: &Path) -> String {
    let mut id = Digest::of(project.as_os_str().as_encoded_bytes()).to_string();
    id.truncate(16);
    id
}

impl InstanceFolder {
    /// The folder that a runtime of `kind` gets: for `up` always the same one, for `exec` a new one.
    pub(super) fn of(state: &Path, project: &Path, binary: &str, kind: LaunchKind) -> Self {
        let prefix = project_prefix(project);
        let id = match kind {
            LaunchKind::Up => format!("{prefix}-{binary}"),
            LaunchKind::Exec => format!("{prefix}-exec-{}", settings::random_token()),
        };
        Self { path: instances(state).join(&id), id }
    }

    /// The folder called `id`.
    pub(super) fn named(state: &Path, id: &str) -> Self {
        Self { path: instances(state).join(id), id: id.to_owned() }
    }

    /// All folders that are there.
    pub(super) fn all(state: &Path) -> Result<Vec<Self>, LaunchError> {
        let instances = instances(state);
        let entries = match fs::read_dir(&instances) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(failed("read", &instances)(e)),
        };
        let mut folders: Vec<Self> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                Some(Self { id: entry.file_name().into_string().ok()?, path: entry.path() })
            })
            .collect();
        folders.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(folders)
    }

    pub(super) fn create(&self) -> Result<(), LaunchError> {
        system::private_folder(&self.path).map_err(failed("create", &self.path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    pub(super) fn ready_file(&self) -> PathBuf {
        self.path.join("ready.json")
    }

    pub(super) fn end_file(&self) -> PathBuf {
        self.path.join("end.json")
    }

    pub(super) fn lock_file(&self) -> PathBuf {
        self.path.join("lock")
    }

    fn open_lock(&self, create: bool) -> Result<Option<File>, LaunchError> {
        let path = self.lock_file();
        match File::options().read(true).write(true).create(create).truncate(false).open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(failed("open", &path)(e)),
        }
    }

    /// Takes the lock, or `None` where somebody holds it.
    pub(super) fn try_lock(&self) -> Result<Option<File>, LaunchError> {
        let Some(file) = self.open_lock(true)? else { return Ok(None) };
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(failed("lock", &self.lock_file())(e)),
        }
    }

    /// Whether somebody holds the lock. What a dead instance left is tidied; its logs stay.
    pub(super) fn alive(&self) -> Result<bool, LaunchError> {
        let Some(file) = self.open_lock(false)? else { return Ok(false) };
        // Shared, so that two that look do not take each other for the instance.
        match file.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(true),
            Err(TryLockError::Error(e)) => return Err(failed("lock", &self.lock_file())(e)),
        }
        drop(file);
        if self.path.join("instance.json").exists()
            && let Some(_lock) = self.try_lock()?
        {
            self.tidy();
        }
        Ok(false)
    }

    /// Removes what speaks of a running instance. Only who holds the lock may.
    pub(super) fn tidy(&self) {
        for name in ["instance.json", "control", "ready.json"] {
            // What cannot be removed is overwritten by the next one.
            let _ = fs::remove_file(self.path.join(name));
        }
    }

    /// Removes what speaks of the last server's end.
    pub(super) fn forget_end(&self) {
        // At worst it is told once more.
        let _ = fs::remove_file(self.end_file());
    }

    /// Removes all of it. Only for an instance whose id never comes again.
    pub(super) fn remove(&self) {
        let _ = fs::remove_dir_all(&self.path);
    }

    pub(super) fn write(&self, kept: &InstanceRecord) -> Result<(), LaunchError> {
        let path = self.path.join("instance.json");
        let write = || -> io::Result<()> {
            let mut aside = tempfile::NamedTempFile::new_in(&self.path)?;
            serde_json::to_writer(&mut aside, kept)?;
            aside.write_all(b"\n")?;
            aside.persist(&path)?;
            Ok(())
        };
        write().map_err(failed("write", &path))
    }

    /// What the folder says of the last instance; absent or unreadable is `None`.
    pub(super) fn read(&self) -> Option<InstanceRecord> {
        serde_json::from_slice(&fs::read(self.path.join("instance.json")).ok()?).ok()
    }
}

fn instances(state: &Path) -> PathBuf {
    state.join("instances")
}
