//! The state folder: files of one user that outlive the store.
//!
//! Only this module reads, locks, updates and durably writes files there. It handles paths and bytes; the module that
//! keeps a document defines what is in it (quarantine, first-seen digests, trusted projects, the linked checkout,
//! runtime instances).
//!
//! A document is a JSON object with `"schema": 1` and times in RFC 3339.
//!
//! The folder is its user's alone: folders are created with mode 0700, whatever the umask is, and a folder or file of
//! another user is refused ([`StateDir::open_private`]).

pub mod any_path;
mod dev_link;
mod folder;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod owner;
mod private;

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use loom_base::{
    atomic_file::{self, Durability},
    bounded_file::{RegularFile, never_waiting},
    file_lock::{LockHolder, LockPatience, holder_in_words, wait_for},
    private_folder,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use dev_link::DevLink;
pub use owner::UnsafeFolder;
pub use private::{Mended, PrivateState};

/// The state folder of one user. Nothing is created before the first write.
///
/// # Examples
/// ```
/// use loom_runtime::state::StateDir;
///
/// let folder = tempfile::tempdir()?;
/// let state = StateDir::new(folder.path());
/// let file = state.file("use/loom-os@loom-bridge-server.json");
/// let chosen = std::collections::BTreeMap::from([("version".to_owned(), "0.2.0".to_owned())]);
/// file.write_document(&chosen)?;
/// let text = String::from_utf8(file.read()?.unwrap_or_default())?;
/// assert_eq!(text, "{\"schema\":1,\"version\":\"0.2.0\"}\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir(PathBuf);

/// One file of the state folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFile(PathBuf);

/// An exclusive lock on a [`StateFile`], released when dropped or when the process ends.
#[derive(Debug)]
pub struct StateLock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// A file of the state folder could not be read, written, locked or removed.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub struct StateError {
    act: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// What is done to a file whose content may be malformed.
const READ: &str = "read";

impl StateError {
    /// Why the folder is not used, where it is not safe to use.
    pub fn unsafe_folder(&self) -> Option<&UnsafeFolder> {
        self.source.get_ref()?.downcast_ref()
    }

    /// Whether the file was read and its content cannot be understood.
    pub fn is_malformed(&self) -> bool {
        self.parse_error().is_some()
    }

    /// Whether the file could not be read.
    pub fn is_unreadable(&self) -> bool {
        self.act == READ && !self.is_malformed()
    }

    /// Whether a folder, a FIFO or a device is in the place of a file that was read.
    pub fn is_misplaced(&self) -> bool {
        self.act == READ && std::fs::metadata(&self.path).is_ok_and(|meta| !meta.is_file())
    }

    fn parse_error(&self) -> Option<&serde_json::Error> {
        self.source.get_ref()?.downcast_ref::<serde_json::Error>().filter(|_| self.act == READ)
    }

    fn text(&self) -> String {
        let Self { act, path, .. } = self;
        match self.parse_error() {
            Some(error) if error.is_data() => {
                format!("{} is not of the expected form", path.display())
            }
            Some(_) => format!("{} is not JSON", path.display()),
            None => format!("could not {act} {}", path.display()),
        }
    }

    /// Whether the disk or the user's quota is full.
    pub fn is_disk_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

impl StateDir {
    /// The state folder at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Removes the folder at `relative` with all that is in it, if it is there: only for files that a run can do without.
    ///
    /// # Errors
    /// [`StateError`] where it is there and cannot be removed.
    pub fn remove_folder(&self, relative: impl AsRef<Path>) -> Result<(), StateError> {
        let path = self.0.join(relative);
        match std::fs::remove_dir_all(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(StateError { act: "remove", path, source })
            }
            _ => Ok(()),
        }
    }

    /// The file at `relative`, which need not exist.
    pub fn file(&self, relative: impl AsRef<Path>) -> StateFile {
        StateFile(self.0.join(relative))
    }
}

/// How long the lock of a file is waited for. It is held while a document is written, or while one source is asked.
const PATIENCE: LockPatience =
    LockPatience { quiet: Duration::ZERO, longest: Duration::from_secs(30) };

/// The number of the schema that documents are written with.
const SCHEMA: u32 = 1;

/// The size limit of a file, in bytes. The largest are lists of releases, with some hundred bytes for each.
const MAX_SIZE: u64 = 64 << 20;

/// A document with its schema.
#[derive(Serialize)]
struct StateDocument<'a, T> {
    schema: u32,
    #[serde(flatten)]
    body: &'a T,
}

/// The schema of a document; absent in documents of older versions.
#[derive(Deserialize)]
struct DocumentHead {
    #[serde(default)]
    schema: Option<u32>,
}

impl StateFile {
    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The bytes of the file; `None` where there is no such file.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be read, is not a regular file, belongs to another user, or is
    /// larger than 64 MiB.
    pub fn read(&self) -> Result<Option<Vec<u8>>, StateError> {
        let read = RegularFile::open(&self.0).and_then(|file| {
            owner::check_owner(file.metadata())?;
            file.read(MAX_SIZE)
        });
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(source) => Err(self.error(READ, source)),
        }
    }

    /// The object in a cache file. `None` where there is no file, where the file cannot be understood, and where its
    /// schema is newer: a run can do without a cache.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be read.
    pub fn read_document<T: DeserializeOwned>(&self) -> Result<Option<T>, StateError> {
        Ok(self.read()?.and_then(|bytes| parse(&bytes).ok()))
    }

    /// The object in a file that decides something: one that cannot be understood is an error.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be read, is no such object, or has a newer schema.
    pub fn read_document_strictly<T: DeserializeOwned>(&self) -> Result<Option<T>, StateError> {
        let Some(bytes) = self.read()? else { return Ok(None) };
        parse(&bytes).map(Some).map_err(|error| self.error(READ, error))
    }

    /// Replaces the object in the file, as [`write`](Self::write) does, and adds the schema.
    ///
    /// # Errors
    /// As for [`write`](Self::write), and for a document that is not a JSON object.
    pub fn write_document<T: Serialize>(&self, document: &T) -> Result<(), StateError> {
        let document = StateDocument { schema: SCHEMA, body: document };
        let mut bytes =
            serde_json::to_vec(&document).map_err(|error| self.error("write", error.into()))?;
        bytes.push(b'\n');
        self.write(&bytes)
    }

    /// The JSON value in a cache file of any form. `None` where there is no file and where it cannot be understood.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be read.
    pub fn read_json<T: DeserializeOwned>(&self) -> Result<Option<T>, StateError> {
        Ok(self.read()?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    /// The JSON value in a file of any form that decides something: one that cannot be understood is an error.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be read, or holds no such value.
    pub fn read_json_strictly<T: DeserializeOwned>(&self) -> Result<Option<T>, StateError> {
        let Some(bytes) = self.read()? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| self.error(READ, e.into()))
    }

    /// Replaces the content of the file atomically and durably, and makes the folders above it.
    ///
    /// # Errors
    /// [`StateError`] where the file cannot be written; the old content is then unchanged.
    pub fn write(&self, bytes: &[u8]) -> Result<(), StateError> {
        self.make_folder()
            .and_then(|()| atomic_file::replace(&self.0, bytes, Durability::Synced))
            .map_err(|source| self.error("write", source))
    }

    /// Replaces the JSON value in the file, as [`write`](Self::write) does.
    ///
    /// # Errors
    /// As for [`write`](Self::write), and for a value that cannot be written as JSON.
    pub fn write_json<T: Serialize + ?Sized>(&self, document: &T) -> Result<(), StateError> {
        let bytes = serde_json::to_vec(document).map_err(|e| self.error("write", e.into()))?;
        self.write(&bytes)
    }

    /// Takes the lock of the file, and waits while another process or another holder in this one has it. `on_wait` is
    /// called once, before the wait.
    ///
    /// The lock is on a file beside this one, with `.lock` added to its name. It is never removed: after a removal two
    /// holders could lock two files of one name.
    ///
    /// # Errors
    /// [`StateError`] where the lock file cannot be made or locked, and where another process holds the lock for 30
    /// seconds. A file system without locks is an error.
    pub fn lock(&self, on_wait: &mut dyn FnMut()) -> Result<StateLock, StateError> {
        let beside = Self(self.0.with_added_extension("lock"));
        let fail = |source| beside.error("lock", source);
        self.make_folder().map_err(fail)?;
        let file = for_this_user().create(true).append(true).open(&beside.0);
        let file = file.and_then(RegularFile::of).map_err(fail)?.into_file();
        if wait_for(|| file.try_lock(), PATIENCE, on_wait).map_err(fail)? {
            return Ok(StateLock(file));
        }
        let holder = holder_in_words(LockHolder::of(&beside.0).as_ref());
        let why = format!("{holder} has held it for {} seconds", PATIENCE.longest.as_secs());
        Err(fail(io::Error::new(io::ErrorKind::TimedOut, why)))
    }

    /// Removes the file; returns whether there was one.
    ///
    /// # Errors
    /// [`StateError`] where the file is there and cannot be removed.
    pub fn remove(&self) -> Result<bool, StateError> {
        atomic_file::remove(&self.0).map_err(|source| self.error("remove", source))
    }

    fn make_folder(&self) -> io::Result<()> {
        self.0.parent().map_or(Ok(()), private_folder::create)
    }

    fn error(&self, act: &'static str, source: io::Error) -> StateError {
        StateError { act, path: self.0.clone(), source }
    }
}

/// Options for a file that only this user can read, whatever the umask is; a FIFO is not waited for.
fn for_this_user() -> OpenOptions {
    let mut options = never_waiting();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    let head: DocumentHead = serde_json::from_slice(bytes)?;
    if head.schema.is_some_and(|schema| schema > SCHEMA) {
        return Err(io::Error::other("it was written by a newer version of loom"));
    }
    Ok(serde_json::from_slice(bytes)?)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, thread};

    use super::*;

    #[test]
    fn documents_are_written_read_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateDir::new(folder.path().join("new")).file("a/b.json");
        assert_eq!(file.read_json::<u32>().unwrap(), None);
        assert!(!file.remove().unwrap());
        file.write_json(&1).unwrap();
        file.write_json(&2).unwrap();
        assert_eq!(file.read_json::<u32>().unwrap(), Some(2));
        assert_eq!(file.read_json_strictly::<u32>().unwrap(), Some(2));
        assert!(file.remove().unwrap());
    }

    #[test]
    fn objects_have_a_schema_and_those_of_older_versions_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateDir::new(folder.path()).file("a.json");
        let object = BTreeMap::from([("a".to_owned(), 1)]);
        file.write_document(&object).unwrap();
        assert_eq!(file.read().unwrap().unwrap(), b"{\"schema\":1,\"a\":1}\n");
        #[derive(Debug, PartialEq, Deserialize)]
        struct Object {
            a: u32,
        }
        for (text, read) in [
            ("{\"schema\":1,\"a\":1}", true),
            ("{\"a\":1}", true),
            ("{\"schema\":2,\"a\":1}", false),
            ("{\"schema\":1}", false),
            ("{", false),
        ] {
            file.write(text.as_bytes()).unwrap();
            assert_eq!(file.read_document::<Object>().unwrap().is_some(), read, "{text}");
            assert_eq!(file.read_document_strictly::<Object>().is_ok(), read, "{text}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_understood_is_none_or_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateDir::new(folder.path()).file("a.json");
        file.write(b"{").unwrap();
        assert_eq!(file.read_json::<u32>().unwrap(), None);
        let error = file.read_json_strictly::<u32>().unwrap_err();
        assert!(error.to_string().contains("a.json"), "{error}");
    }

    #[test]
    fn a_lock_is_held_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateDir::new(folder.path()).file("count.json");
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _lock = file.lock(&mut || {}).unwrap();
                    let count: u32 = file.read_json().unwrap().unwrap_or_default();
                    file.write_json(&(count + 1)).unwrap();
                });
            }
        });
        assert_eq!(file.read_json::<u32>().unwrap(), Some(8));
    }
}
