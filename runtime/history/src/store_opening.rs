//! Opens the database that a history is written to, or one in memory instead.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use loom_base::{
    file_lock::{LockHolder, holder_in_words},
    filesystem::FileSystemKind,
    private_folder,
};
use rusqlite::{Connection, OpenFlags};

use crate::{
    error::{FallbackReason, HistoryError},
    file_header::{examine, expect_file, is_cut_or_zeroed},
    schema,
    settings::{HistoryLocation, HistorySettings, MEMORY_BYTES, SMALLEST_BYTES},
    store::{HistoryStore, beside, is_damage, store_error},
};

/// The ending of the name of a damaged file that was replaced; the one before is replaced in turn.
const SET_ASIDE: &str = ".damaged";
/// The endings of the files of a database.
const FILES: [&str; 3] = ["", "-wal", "-shm"];
/// The most bytes of SQLite's log of changes, while no reader keeps it from being emptied.
const LARGEST_LOG: u64 = 8 << 20;
const PAGE_BYTES: u64 = 4096;

/// Opens the database that the settings name. Where that cannot be written it is in memory, and the reason says why.
pub(crate) fn open_store(
    settings: &HistorySettings,
) -> Result<(HistoryStore, Option<FallbackReason>), HistoryError> {
    let HistoryLocation::File(path) = &settings.location else {
        return Ok((in_memory(settings.bytes)?, None));
    };
    let reason = match open_file(path, settings) {
        Ok((store, reason)) => return Ok((store, reason)),
        Err(reason) => reason,
    };
    Ok((in_memory(settings.bytes.min(MEMORY_BYTES))?, Some(reason)))
}

fn open_file(
    path: &Path,
    settings: &HistorySettings,
) -> Result<(HistoryStore, Option<FallbackReason>), FallbackReason> {
    let io_error =
        |source| FallbackReason::Unusable(HistoryError::Io { path: path.to_owned(), source });
    examine(path).map_err(FallbackReason::Unusable)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    private_folder::create(folder).map_err(io_error)?;
    if let Some(kind) = FileSystemKind::of(folder).filter(|kind| kind.is_network) {
        let path = path.to_owned();
        return Err(FallbackReason::NetworkFileSystem { path, kind: kind.name });
    }
    let bytes = settings.bytes;
    let lock = take_lock(path)?;
    forget_set_aside(path, settings.age);
    let (connection, reason) = match connect(path, bytes) {
        Ok(connection) => (connection, None),
        Err(HistoryError::Damaged { .. }) => {
            let set_aside = set_aside(path).map_err(io_error)?;
            let connection = connect(path, bytes).map_err(FallbackReason::Unusable)?;
            let path = path.to_owned();
            (connection, Some(FallbackReason::BegunAnew { path, set_aside }))
        }
        Err(error) => return Err(FallbackReason::Unusable(error)),
    };
    let store = HistoryStore {
        connection: Arc::new(Mutex::new(connection)),
        path: Some(path.to_owned()),
        limit: bytes.max(SMALLEST_BYTES),
        page_limit: soft_limit(page_limit(bytes)) * PAGE_BYTES,
        lock: Some(lock),
    };
    Ok((store, reason))
}

/// Keeps a second writer out, with a file beside the database: SQLite has locks of its own on that one.
pub(crate) fn take_lock(path: &Path) -> Result<File, FallbackReason> {
    let lock = beside(path, ".lock");
    let io_error =
        |source| FallbackReason::Unusable(HistoryError::Io { path: lock.clone(), source });
    let file = private_file(&lock).map_err(io_error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let holder = holder_in_words(LockHolder::of(&lock).as_ref());
            Err(FallbackReason::SecondWriter { path: path.to_owned(), holder })
        }
        Err(TryLockError::Error(error)) => Err(io_error(error)),
    }
}

/// Opens or creates a file that only this user can read.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    expect_file(&file.metadata()?)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if file.metadata()?.permissions().mode() & 0o777 != 0o600 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(file)
}

/// Renames the files of a damaged database. Returns the new name.
pub(crate) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let target = beside(path, SET_ASIDE);
    for ending in FILES {
        match fs::rename(beside(path, ending), beside(&target, ending)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // What was set aside before must not be read with the file of now.
                _ = fs::remove_file(beside(&target, ending));
            }
            done => done?,
        }
    }
    Ok(target)
}

/// Removes what was set aside longer ago than runs are kept.
fn forget_set_aside(path: &Path, age: Duration) {
    let target = beside(path, SET_ASIDE);
    let modified = fs::metadata(&target).and_then(|metadata| metadata.modified());
    let is_old = |at: SystemTime| at.elapsed().is_ok_and(|elapsed| elapsed > age);
    if modified.is_ok_and(is_old) {
        for ending in FILES {
            // One that cannot be removed is tried again at the next start.
            _ = fs::remove_file(beside(&target, ending));
        }
    }
}

/// Opens or creates the database of a file, with the tables of this version.
pub(crate) fn connect(path: &Path, bytes: u64) -> Result<Connection, HistoryError> {
    let io_error = |source| HistoryError::Io { path: path.to_owned(), source };
    let file = private_file(path).map_err(io_error)?;
    if is_cut_or_zeroed(&file, path).map_err(io_error)? {
        let source = rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT),
            None,
        );
        return Err(HistoryError::Damaged { path: path.to_owned(), source });
    }
    // Closed before SQLite opens the file: closing any descriptor of it would give up the locks of SQLite.
    drop(file);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags);
    let mut connection = connection.map_err(|error| store_error(Some(path), error))?;
    check(&connection, path)?;
    let set_up = prepare(&mut connection, page_limit(bytes), log_pages(bytes));
    set_up.and_then(|()| probe(&connection)).map_err(|error| store_error(Some(path), error))?;
    Ok(connection)
}

/// Refuses what is no history, or a newer one.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<(), HistoryError> {
    let path = || path.to_owned();
    match schema::is_ours(connection) {
        Ok(true) => {}
        Ok(false) => return Err(HistoryError::Foreign(path())),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(HistoryError::Foreign(path()));
        }
        Err(error) => return Err(store_error(Some(&path()), error)),
    }
    let found = schema::version(connection).map_err(|error| store_error(Some(&path()), error))?;
    let supported = schema::SCHEMA_VERSION;
    if found > supported {
        return Err(HistoryError::NewerSchema { path: path(), found, supported });
    }
    Ok(())
}

fn in_memory(bytes: u64) -> Result<HistoryStore, HistoryError> {
    let bytes = bytes.max(SMALLEST_BYTES);
    let mut connection = Connection::open_in_memory().map_err(HistoryError::Database)?;
    prepare(&mut connection, bytes / PAGE_BYTES, 0).map_err(HistoryError::Database)?;
    Ok(HistoryStore {
        connection: Arc::new(Mutex::new(connection)),
        path: None,
        limit: bytes,
        page_limit: soft_limit(bytes / PAGE_BYTES) * PAGE_BYTES,
        lock: None,
    })
}

/// The pages of SQLite's log of changes from which on it is written back.
fn log_pages(bytes: u64) -> u64 {
    (bytes.max(SMALLEST_BYTES) / 8).min(LARGEST_LOG) / 2 / PAGE_BYTES
}

/// The pages of a database that fits into so many bytes with its log of changes.
fn page_limit(bytes: u64) -> u64 {
    bytes.max(SMALLEST_BYTES) / PAGE_BYTES - 2 * log_pages(bytes)
}

/// The pages that rows may fill. The others are for removing rows: taking words out of the index needs room first.
fn soft_limit(pages: u64) -> u64 {
    pages - pages / 16
}

/// Whether the last pages may be filled, which removing rows may need.
pub(crate) fn open_reserve(store: &HistoryStore, is_open: bool) -> rusqlite::Result<()> {
    let soft = store.page_limit / PAGE_BYTES;
    let pages = if is_open { soft + soft / 15 } else { soft };
    store.with(|connection| {
        let pages = i64::try_from(pages).unwrap_or(i64::MAX);
        connection.pragma_update(None, "max_page_count", pages)
    })
}

fn prepare(connection: &mut Connection, pages: u64, log_pages: u64) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(96);
    connection.busy_timeout(Duration::from_millis(500))?;
    let set = |name, value: i64| connection.pragma_update(None, name, value);
    // Pages that become free are given back in steps; this has an effect before the first table only.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A killed process loses nothing that is committed; a machine without power may lose the last seconds.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // What is removed is overwritten: a body of a secret run must not stay in a page that is free.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    set("cache_size", -8192)?;
    set("wal_autocheckpoint", i64::try_from(log_pages).unwrap_or(1_000))?;
    set("journal_size_limit", i64::try_from(2 * log_pages * PAGE_BYTES).unwrap_or(-1))?;
    set("max_page_count", i64::try_from(soft_limit(pages)).unwrap_or(i64::MAX))?;
    schema::migrate(connection)?;
    // What was running when its process was killed has no known end.
    connection
        .execute("UPDATE runs SET is_running = 0, is_partial = 1 WHERE is_running = 1", ())?;
    Ok(())
}

/// Reads both ends of each table: most files that were cut or overwritten are found so without reading all of them.
fn probe(connection: &Connection) -> rusqlite::Result<()> {
    for table in ["runs", "spans", "bodies", "events", "logs", "unindexed"] {
        let ends = format!("SELECT min(id), (SELECT max(id) FROM {table}) FROM {table}");
        connection.query_row(&ends, (), |_| Ok(()))?;
    }
    let sql = "SELECT count(*) FROM (SELECT run FROM run_names ORDER BY kind DESC LIMIT 1)";
    connection.query_row(sql, (), |_| Ok(()))
}

/// Whether a damage that a reader met is one: SQLite reads all of the file.
pub(crate) fn is_damaged(connection: &Connection) -> bool {
    let check = connection.query_row("PRAGMA quick_check(1)", (), |row| row.get::<_, String>(0));
    match check {
        Ok(found) => found != "ok",
        Err(error) => is_damage(&error),
    }
}
