//! The file of a project's history of runs, `<state>/history/<project>-<program>.db`, and whether it is one.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::instance_folder::project_prefix;
use crate::state::{StateDir, StateError};

/// The folder of the histories, in the state folder.
const FOLDER: &str = "history";
/// The header of a database (<https://www.sqlite.org/fileformat2.html>): its first bytes, its length, and where the schema
/// and the application id are in it.
const MAGIC: &[u8] = b"SQLite format 3\0";
const HEADER_BYTES: u64 = 100;
const SCHEMA_AT: usize = 60;
const APPLICATION_AT: usize = 68;
/// `Loom` in ASCII; a database without tables has zero.
const APPLICATION_IDS: [u32; 2] = [0x4c6f_6f6d, 0];
/// The newest schema that runtimes of this version read.
const NEWEST_SCHEMA: u32 = 2;

/// Why a runtime keeps its history in memory instead of a file.
#[derive(Debug, thiserror::Error)]
pub enum HistoryObstacle {
    /// A folder, a device or a pipe.
    #[error("expected a regular file at {}", .0.display())]
    NoFile(PathBuf),
    /// The file belongs to another program.
    #[error("{} is not a history of Loom", .0.display())]
    Foreign(PathBuf),
    /// The file was written by a newer runtime.
    #[error("{path} has the schema {found}; runtimes of this version read up to {NEWEST_SCHEMA}", path = path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The schema of the file.
        found: u32,
    },
    /// The file cannot be read.
    #[error("could not read {path}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// The path of the history of the project's runtime; the file need not exist.
pub fn history_of(state: &StateDir, project: &Path, binary: &str) -> PathBuf {
    state.folder(FOLDER).path().join(format!("{}-{binary}.db", project_prefix(project)))
}

/// Creates the folder of the histories, which only this user can enter.
///
/// # Errors
/// Whatever keeps the folder from being created.
pub fn create_history_folder(state: &StateDir) -> Result<(), StateError> {
    state.folder(FOLDER).create()
}

/// Looks at the first 100 bytes of a history, which need not exist. A damaged one passes: runtimes begin it anew.
///
/// # Errors
/// Why a runtime will not use the file.
pub fn examine_history(path: &Path) -> Result<(), HistoryObstacle> {
    let unreadable = |source| HistoryObstacle::Unreadable { path: path.to_owned(), source };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(error)),
        Ok(metadata) if !metadata.is_file() => {
            return Err(HistoryObstacle::NoFile(path.to_owned()));
        }
        Ok(_) => {}
    }
    let mut header = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(HEADER_BYTES).read_to_end(&mut header).map_err(unreadable)?;
    // What a power cut leaves.
    if header.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    let is_ours = number(&header, APPLICATION_AT).is_some_and(|id| APPLICATION_IDS.contains(&id));
    if !header.starts_with(MAGIC) || !is_ours {
        return Err(HistoryObstacle::Foreign(path.to_owned()));
    }
    match number(&header, SCHEMA_AT) {
        Some(found) if found > NEWEST_SCHEMA => {
            Err(HistoryObstacle::NewerSchema { path: path.to_owned(), found })
        }
        _ => Ok(()),
    }
}

fn number(header: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(header.get(at..at + 4)?.try_into().ok()?))
}
