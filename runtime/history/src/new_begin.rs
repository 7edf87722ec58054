//! Begins a file anew while it is written.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use loom_base::private_folder;
use rusqlite::{Connection, config::DbConfig};

use crate::{
    error::{FallbackReason, HistoryError},
    file_header::examine,
    file_watch::{FileLoss, FileWatch},
    store::{HistoryStore, beside},
    store_opening::{connect, set_aside, take_lock},
};

/// Begins a new database in place of one that is damaged or gone. Returns what happened. A file of another program that
/// took its place is left alone.
pub(crate) fn begin_anew(
    store: &mut HistoryStore,
    loss: FileLoss,
    watch: &FileWatch,
) -> Result<Option<FallbackReason>, HistoryError> {
    let Some(path) = store.path.clone() else { return Ok(None) };
    close(store)?;
    if loss == FileLoss::Gone {
        watch.remove_left(&path);
        examine(&path)?;
    }
    let set_aside = make_way(&path).map_err(io_error(&path))?;
    let connection = connect(&path, store.limit)?;
    // With the file, its lock may be gone.
    if !beside(&path, ".lock").exists()
        && let Ok(lock) = take_lock(&path)
    {
        store.lock = Some(lock);
    }
    store.with(|current| *current = connection);
    Ok(Some(match (loss, set_aside) {
        (FileLoss::Damaged, Some(set_aside)) => FallbackReason::BegunAnew { path, set_aside },
        (_, set_aside) => FallbackReason::ChangedByOthers { path, set_aside },
    }))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> HistoryError {
    move |source| HistoryError::Io { path: path.to_owned(), source }
}

/// SQLite must not hold the files that are renamed, nor write back a log that was cut.
fn close(store: &HistoryStore) -> Result<(), HistoryError> {
    let placeholder = Connection::open_in_memory().map_err(HistoryError::Database)?;
    store.with(|connection| {
        _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        drop(std::mem::replace(connection, placeholder));
    });
    Ok(())
}

/// Renames what is in the place of the file, whose folder may be gone. Runs that go on have numbers of their own, which
/// another history may have, too.
fn make_way(path: &Path) -> io::Result<Option<PathBuf>> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_folder::create(folder)?;
    }
    let is_something = fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0);
    is_something.then(|| set_aside(path)).transpose()
}
