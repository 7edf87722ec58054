//! The database of a history: in a file or in memory.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use loom_base::LockExt as _;
use rusqlite::{Connection, ErrorCode};

use crate::error::HistoryError;

/// The database, as its writer has it.
#[derive(Debug)]
pub(crate) struct HistoryStore {
    /// The connection of the writer. In memory there is no other, and readers take turns with the writer.
    pub(crate) connection: Arc<Mutex<Connection>>,
    /// The file; none in memory.
    pub(crate) path: Option<PathBuf>,
    /// The most bytes of the database with its log of changes.
    pub(crate) limit: u64,
    /// The most bytes of the database alone.
    pub(crate) page_limit: u64,
    /// Held while this process writes.
    pub(crate) lock: Option<File>,
}

impl HistoryStore {
    /// Runs a function with the connection of the writer.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Connection) -> T) -> T {
        work(&mut self.connection.locked())
    }

    /// The bytes of the file with the log of changes; in memory, of the pages.
    pub(crate) fn bytes(&self) -> u64 {
        match &self.path {
            Some(path) => bytes_of(path) + bytes_of(&beside(path, "-wal")),
            None => self.with(|connection| {
                let value =
                    |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
                let pages = value("page_count").unwrap_or_default();
                (pages * value("page_size").unwrap_or_default()).unsigned_abs()
            }),
        }
    }
}

/// The file beside another one whose name has this ending.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn bytes_of(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Whether SQLite says that the file is damaged.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// The error of SQLite with the name of the file.
pub(crate) fn store_error(path: Option<&Path>, error: rusqlite::Error) -> HistoryError {
    match path {
        Some(path) if is_damage(&error) => {
            HistoryError::Damaged { path: path.to_owned(), source: error }
        }
        _ => HistoryError::Database(error),
    }
}
