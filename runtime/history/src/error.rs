//! Why a history cannot be opened, read or changed.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The error of an operation on a history.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file cannot be opened, read or written.
    #[error("the history {path} cannot be used", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// There is no file.
    #[error("there is no history at {}", .0.display())]
    Missing(PathBuf),
    /// The file belongs to another program.
    #[error("{} is not a history of Loom: expected an SQLite database with its application id", .0.display())]
    Foreign(PathBuf),
    /// The file was written by a newer version.
    #[error("the history {path} has the schema {found}; this version reads up to {supported}", path = path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The schema of the file.
        found: i64,
        /// The newest schema that this version knows.
        supported: i64,
    },
    /// The file is damaged.
    #[error("the history {path} is damaged", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        source: rusqlite::Error,
    },
    /// A query took longer than it may.
    #[error("the query of the history took longer than {0} s")]
    TooSlow(u64),
    /// Any other error of SQLite.
    #[error("the history failed")]
    Database(#[source] rusqlite::Error),
    /// The thread that writes cannot be started.
    #[error("the thread that writes the history cannot be started")]
    Thread {
        /// What the operating system says.
        source: io::Error,
    },
    /// The thread that writes has ended.
    #[error("the history is closed")]
    Closed,
}

/// Why a history is in memory although a file was asked for, or why it began anew, at its opening or later.
#[derive(Debug, thiserror::Error)]
pub enum FallbackReason {
    /// The file cannot be opened, belongs to another program, or has a newer schema.
    #[error("history is kept in memory and ends with this process")]
    Unusable(#[source] HistoryError),
    /// The file is on a file system on which SQLite's locks do not hold.
    #[error("history is kept in memory: {path} is on a network file system ({kind})", path = path.display())]
    NetworkFileSystem {
        /// The file.
        path: PathBuf,
        /// The kind of the file system.
        kind: &'static str,
    },
    /// Another process writes to the file.
    #[error("history is kept in memory: {path} is written by {holder}", path = path.display())]
    SecondWriter {
        /// The file.
        path: PathBuf,
        /// The process, as far as the system tells.
        holder: String,
    },
    /// The file was damaged; it was renamed, and a new one was begun.
    #[error("the history {path} is damaged and was renamed to {set_aside}; a new one was begun", path = path.display(), set_aside = set_aside.display())]
    BegunAnew {
        /// The file.
        path: PathBuf,
        /// The name that the damaged file has now.
        set_aside: PathBuf,
    },
    /// The file was removed, replaced or cut while it was written; it was begun anew.
    #[error("the history {path} was removed, replaced or cut by another program; a new one was begun{rest}",
        path = path.display(), rest = rest(set_aside.as_deref()))]
    ChangedByOthers {
        /// The file.
        path: PathBuf,
        /// The name that what was in its place has now.
        set_aside: Option<PathBuf>,
    },
}

fn rest(set_aside: Option<&Path>) -> String {
    set_aside.map_or_else(String::new, |path| format!(", and the rest is {}", path.display()))
}
