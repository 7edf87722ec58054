//! [`FolderState`]: the operations on the folder, which block.
//!
//! A file is written to `tmp/`, then renamed. Writers that replace a file exclude each other by the lock file
//! `locks/mirror`.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use loom_base::{
    LockExt as _, bounded_file,
    file_lock::{LockHolder, LockPatience, holder_in_words, wait_for},
};
use loom_source::SourceError;

use super::{
    super::{DestinationError, FileStat, ListedFile, ObjectBody, Replacement, VersionTag},
    written_file::WrittenFile,
};
use crate::transport::{check_key, join_key};

/// The lock file that writers hold while they replace a file.
const LOCK_FILE: &str = "locks/mirror";

/// The folder in which files are written before they are renamed.
const TEMPORARY_FOLDER: &str = "tmp";

/// How long the lock is waited for. It is held for as long as one small file takes.
const PATIENCE: LockPatience =
    LockPatience { quiet: Duration::from_secs(60), longest: Duration::from_secs(60) };

/// The largest number of files that are listed.
const MAX_LISTED: usize = 1_000_000;

/// Above this many files one `syncfs` is cheaper than an `fsync` for each.
#[cfg(target_os = "linux")]
const MANY: usize = 24;

/// A folder, and what was written to it.
#[derive(Debug)]
pub(super) struct FolderState {
    root: PathBuf,
    /// The files and folders that were changed since the last `sync`.
    unsynced: Mutex<BTreeSet<PathBuf>>,
    /// The folders from which something was removed since then. Another process may remove them.
    emptied: Mutex<BTreeSet<PathBuf>>,
}

impl FolderState {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, unsynced: Mutex::default(), emptied: Mutex::default() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The path of a key.
    fn path(&self, key: &str) -> Result<PathBuf, DestinationError> {
        check_key(key).map_err(|why| SourceError::malformed(self.shown(key), why))?;
        Ok(self.root.join(key))
    }

    fn shown(&self, key: &str) -> String {
        self.root.join(key).display().to_string()
    }

    pub(super) fn read(
        &self,
        key: &str,
        max_bytes: usize,
    ) -> Result<Option<Bytes>, DestinationError> {
        let path = self.path(key)?;
        let limit = max_bytes as u64;
        match bounded_file::read(&path, limit) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(SourceError::read(self.shown(key), error).into()),
        }
    }

    pub(super) fn stat(&self, key: &str) -> Result<Option<FileStat>, DestinationError> {
        match fs::metadata(self.path(key)?) {
            Ok(meta) if meta.is_file() => Ok(Some(stat_of(&meta))),
            Ok(_) => Ok(None),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(SourceError::read(self.shown(key), error).into()),
        }
    }

    pub(super) fn write(&self, key: &str, body: ObjectBody) -> Result<(), DestinationError> {
        let path = self.path(key)?;
        let write = || {
            let file = self.written(body)?;
            // Half a file under the name of an asset would stay: another content of that name is never replaced. What is
            // named by its digest is compared with it, and is synced together with the rest.
            if !is_named_by_digest(key) {
                file.sync()?;
            }
            self.publish(file, &path)
        };
        write().map_err(unwritten(&path))
    }

    /// A file with these bytes in the folder of temporary files.
    fn written(&self, body: ObjectBody) -> io::Result<WrittenFile> {
        let folder = self.root.join(TEMPORARY_FOLDER);
        self.create_folder(&folder)?;
        WrittenFile::new(&folder, body)
    }

    /// Renames a written file to its path.
    fn publish(&self, file: WrittenFile, path: &Path) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        self.create_folder(folder)?;
        file.persist(path)?;
        self.unsynced.locked().extend([path.to_owned(), folder.to_owned()]);
        Ok(())
    }

    pub(super) fn replace(
        &self,
        key: &str,
        bytes: Bytes,
        expected: Option<&VersionTag>,
    ) -> Result<Replacement, DestinationError> {
        let path = self.path(key)?;
        let _lock = self.lock()?;
        let present = match fs::read(&path) {
            Ok(bytes) => Some(VersionTag::of(&bytes)),
            Err(error) if is_absence(&error) => None,
            Err(error) => return Err(SourceError::read(self.shown(key), error).into()),
        };
        if present.as_ref() != expected {
            return Ok(Replacement::Conflict);
        }
        let write = || {
            let file = self.written(ObjectBody::Bytes(bytes))?;
            file.sync()?;
            self.publish(file, &path)
        };
        write().map_err(unwritten(&path))?;
        self.sync()?;
        Ok(Replacement::Replaced)
    }

    /// The lock of the folder. It is held until the value is dropped.
    fn lock(&self) -> Result<File, DestinationError> {
        let path = self.root.join(LOCK_FILE);
        let open = || {
            self.create_folder(path.parent().unwrap_or(&self.root))?;
            // The file stays: after a removal two holders could lock two files of one name.
            File::options().read(true).write(true).create(true).truncate(false).open(&path)
        };
        let file = open().map_err(unwritten(&path))?;
        if wait_for(|| file.try_lock(), PATIENCE, &mut || ()).map_err(unwritten(&path))? {
            return Ok(file);
        }
        let holder = holder_in_words(LockHolder::of(&path).as_ref());
        Err(DestinationError::Locked { path: path.display().to_string(), holder })
    }

    /// The folder of temporary files.
    pub(super) fn staging(&self) -> Result<PathBuf, DestinationError> {
        let folder = self.root.join(TEMPORARY_FOLDER);
        self.create_folder(&folder).map_err(unwritten(&folder))?;
        Ok(folder)
    }

    /// Makes a folder with its ancestors, which are synced with the next `sync`.
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        match fs::create_dir(folder) {
            Ok(()) => {
                self.unsynced.locked().extend(folder.parent().map(Path::to_owned));
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.create_folder(folder.parent().ok_or(error)?)?;
                self.create_folder(folder)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn list(&self, prefix: &str) -> Result<Vec<ListedFile>, DestinationError> {
        let mut folders = vec![prefix.trim_end_matches('/').to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            let failure = |error| SourceError::read(self.shown(&folder), error);
            let entries = match fs::read_dir(self.root.join(&folder)) {
                Err(error) if is_absence(&error) => continue,
                entries => entries.map_err(failure)?,
            };
            for entry in entries {
                let entry = entry.map_err(failure)?;
                let name = entry.file_name();
                // A name that no key can have is no file of a mirror.
                let Some(name) = name.to_str() else { continue };
                let key = join_key(&folder, name);
                if entry.file_type().map_err(failure)?.is_dir() {
                    folders.push(key);
                } else if let Ok(meta) = fs::metadata(entry.path())
                    && meta.is_file()
                {
                    files.push(ListedFile { key, stat: stat_of(&meta) });
                }
                if files.len() + folders.len() > MAX_LISTED {
                    let why = format!("it has more than {MAX_LISTED} files");
                    return Err(SourceError::malformed(self.shown(prefix), why).into());
                }
            }
        }
        Ok(files)
    }

    pub(super) fn delete(&self, key: &str) -> Result<(), DestinationError> {
        let path = self.path(key)?;
        match fs::remove_file(&path) {
            Err(error) if !is_absence(&error) => return Err(unwritten(&path)(error)),
            _ => {}
        }
        // A folder that is left empty goes too; one that is not stays, and has changed.
        let mut folders = path.ancestors().skip(1);
        let stays = folders.find(|folder| *folder == self.root || fs::remove_dir(folder).is_err());
        self.emptied.locked().extend(stays.map(Path::to_owned));
        Ok(())
    }

    pub(super) fn sync(&self) -> Result<(), DestinationError> {
        let paths = std::mem::take(&mut *self.unsynced.locked());
        let emptied = std::mem::take(&mut *self.emptied.locked());
        #[cfg(target_os = "linux")]
        if paths.len() + emptied.len() > MANY {
            let synced = File::open(&self.root)
                .and_then(|root| rustix::fs::syncfs(root).map_err(io::Error::from));
            return synced.map_err(unwritten(&self.root));
        }
        for path in paths {
            sync_path(&path).map_err(unwritten(&path))?;
        }
        for folder in emptied {
            match sync_path(&folder) {
                Err(error) if is_absence(&error) => {}
                result => result.map_err(unwritten(&folder))?,
            }
        }
        Ok(())
    }
}

/// Waits until the disk has a file's bytes or a folder's names. What was removed meanwhile needs no wait.
fn sync_path(path: &Path) -> io::Result<()> {
    // Windows cannot sync a folder: renames are durable there by design of NTFS's journal.
    if cfg!(windows) && path.is_dir() {
        return Ok(());
    }
    match File::options().read(true).write(cfg!(windows)).open(path) {
        Ok(file) => file.sync_all(),
        Err(error) if is_absence(&error) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The error for a path that cannot be written.
fn unwritten(path: &Path) -> impl FnOnce(io::Error) -> DestinationError + use<> {
    let path = path.display().to_string();
    move |source| DestinationError::Write { path, source }
}

fn stat_of(meta: &fs::Metadata) -> FileStat {
    FileStat { size: meta.len(), modified: meta.modified().unwrap_or(SystemTime::UNIX_EPOCH) }
}

/// Whether the name of a file says which content it has.
fn is_named_by_digest(key: &str) -> bool {
    ["objects/", "store/"].iter().any(|folder| key.starts_with(folder))
}

/// Whether nothing has the path, which includes a file in the place of one of its folders.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
