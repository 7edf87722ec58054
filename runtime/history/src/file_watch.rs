//! Notices when the file of a history is removed, replaced or cut while it is written: SQLite goes on in what it has open.

use std::{
    fs::{self, Metadata},
    io,
    path::Path,
};

use crate::store::{HistoryStore, beside};

/// The bytes of the header of SQLite's log of changes, and of a page in it with its header.
const LOG_HEADER_BYTES: u64 = 32;
const FRAME_BYTES: u64 = 24 + 4096;

/// What became of the file of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileLoss {
    /// SQLite found damage.
    Damaged,
    /// The log of changes is gone or shorter than what was written to it.
    Cut,
    /// There is no file, or another one.
    Gone,
}

/// Which files a history is in: the database, and its log of changes once there is one.
#[derive(Debug, Default)]
pub(crate) struct FileWatch {
    file: Option<FileIdentity>,
    log: Option<FileIdentity>,
}

/// The device and the number of a file; whether it exists, where the system keeps open files from being replaced.
type FileIdentity = (u64, u64);

impl FileWatch {
    /// The files as they are now.
    pub(crate) fn of(store: &HistoryStore) -> Self {
        let Some(path) = &store.path else { return Self::default() };
        let identity = |path: &Path| fs::metadata(path).ok().map(|found| identity(&found));
        Self { file: identity(path), log: identity(&beside(path, "-wal")) }
    }

    /// Looks at the files: two calls of the system, and a number that SQLite has in memory.
    pub(crate) fn look(&mut self, store: &HistoryStore) -> Option<FileLoss> {
        let path = store.path.as_ref()?;
        let file = found(path).ok()?;
        if file.as_ref().map(identity) != self.file {
            return Some(FileLoss::Gone);
        }
        // Tells how many pages the log has, and writes none of them back.
        let frames = store.with(|connection| {
            let pragma = "PRAGMA wal_checkpoint(NOOP)";
            connection.query_row(pragma, (), |row| row.get::<_, i64>(1))
        });
        let frames = u64::try_from(frames.ok()?).unwrap_or_default();
        let log = found(&beside(path, "-wal")).ok()?;
        let has = log.as_ref().map_or(0, Metadata::len);
        let log = log.as_ref().map(identity);
        let is_other = self.log.is_some() && log != self.log;
        if frames > 0 && (is_other || has < LOG_HEADER_BYTES + frames * FRAME_BYTES) {
            return Some(FileLoss::Cut);
        }
        self.log = log;
        None
    }

    /// Removes what is left beside a file that is gone: it must not be read with another one.
    pub(crate) fn remove_left(&self, path: &Path) {
        let log = beside(path, "-wal");
        if fs::metadata(&log).is_ok_and(|found| Some(identity(&found)) == self.log) {
            _ = fs::remove_file(log);
        }
        // An index of the log, which SQLite makes anew.
        _ = fs::remove_file(beside(path, "-shm"));
    }
}

fn found(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> FileIdentity {
    (0, 0)
}
