//! Reads a history: beside its writer, or while no runtime runs.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use loom_base::LockExt as _;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{
    error::HistoryError,
    event_detail::{EventPage, EventQuery, LogPage, LogQuery},
    event_reading,
    export::{ExportError, RunExport},
    export_reading,
    file_header::examine,
    overview::{HistoryCounts, HistoryOverview, HistoryRange},
    overview_reading,
    run_detail::{BodyDetail, RunDetail},
    run_id::RunId,
    run_listing,
    run_query::RunQuery,
    run_reading,
    run_summary::RunPage,
    schema,
    state::HistoryState,
    store::{HistoryStore, is_damage, store_error},
    store_opening::check,
};

/// The longest time of one query.
const LONGEST_QUERY: Duration = Duration::from_secs(5);
/// The steps of SQLite's machine between two looks at the clock: about a millisecond.
const STEPS_PER_LOOK: i32 = 20_000;
/// The connections that are kept between questions.
const IDLE_CONNECTIONS: usize = 4;

/// A reader, which waits for the disk. Cheap to clone; clones may be used at the same time.
#[derive(Debug, Clone)]
pub struct HistoryReader(Arc<ReaderSource>);

#[derive(Debug)]
enum ReaderSource {
    /// The connection of the writer: a history in memory has only one.
    Memory(Arc<Mutex<Connection>>),
    /// Connections of its own.
    File {
        path: PathBuf,
        /// The writer, where it is in this process.
        state: Option<Arc<HistoryState>>,
        /// Unused connections, with the generation of the file that they have open.
        idle: Mutex<Vec<(u64, Connection)>>,
    },
}

impl HistoryReader {
    /// Opens the file of a history to read it. Another process may write to it, now or later.
    ///
    /// # Errors
    /// If there is no file, or it is no history, or one of a newer version, or damaged.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, HistoryError> {
        let path = path.into();
        examine(&path)?;
        let idle = Mutex::new(vec![(0, connect(&path)?)]);
        Ok(Self(Arc::new(ReaderSource::File { path, state: None, idle })))
    }

    /// A reader of what this process writes.
    pub(crate) fn of_writer(store: &HistoryStore, state: Arc<HistoryState>) -> Self {
        let source = match &store.path {
            None => ReaderSource::Memory(Arc::clone(&store.connection)),
            Some(path) => ReaderSource::File {
                path: path.clone(),
                state: Some(state),
                idle: Mutex::default(),
            },
        };
        Self(Arc::new(source))
    }

    /// A page of runs, newest first.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn runs(&self, query: &RunQuery) -> Result<RunPage, HistoryError> {
        self.read(|connection| run_listing::runs(connection, query))
    }

    /// A run with its spans and the beginnings of their bodies; none if the history does not hold it.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn run(&self, run: RunId) -> Result<Option<RunDetail>, HistoryError> {
        self.read(|connection| run_reading::run(connection, run))
    }

    /// All of a body that the history holds, by the `id` of a [`BodyDetail`].
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn body(&self, id: i64) -> Result<Option<BodyDetail>, HistoryError> {
        self.read(|connection| run_reading::body(connection, id))
    }

    /// A page of events, newest first.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn events(&self, query: &EventQuery) -> Result<EventPage, HistoryError> {
        self.read(|connection| event_reading::events(connection, query))
    }

    /// A page of log lines, newest first.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn logs(&self, query: &LogQuery) -> Result<LogPage, HistoryError> {
        self.read(|connection| event_reading::logs(connection, query))
    }

    /// What a range of time looked like.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn overview(&self, range: HistoryRange) -> Result<HistoryOverview, HistoryError> {
        self.read(|connection| overview_reading::overview(connection, range))
    }

    /// How much the history holds.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn counts(&self) -> Result<HistoryCounts, HistoryError> {
        self.read(overview_reading::counts)
    }

    /// The events that a run began with, to be published again.
    ///
    /// # Errors
    /// If the history does not hold the run, or not all of what came into it.
    pub fn export(&self, run: RunId) -> Result<RunExport, ExportError> {
        self.read(|connection| export_reading::export(connection, run))?
    }

    /// Closes unused connections. The last connection to a file removes SQLite's files beside it, which one that
    /// only reads may not do.
    pub(crate) fn close_idle(&self) {
        if let ReaderSource::File { idle, .. } = &*self.0 {
            idle.locked().clear();
        }
    }

    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, HistoryError> {
        match &*self.0 {
            ReaderSource::Memory(connection) => {
                let mut connection = connection.locked();
                limited(&mut connection, query).map_err(|error| query_error(None, error))
            }
            ReaderSource::File { path, state, idle } => {
                let generation = state.as_ref().map_or(0, |state| state.generation());
                let connection = take_idle(&mut idle.locked(), generation);
                let mut connection = connection.map_or_else(|| connect(path), Ok)?;
                let found = limited(&mut connection, query);
                match found {
                    Ok(found) => {
                        let mut idle = idle.locked();
                        if idle.len() < IDLE_CONNECTIONS {
                            idle.push((generation, connection));
                        }
                        Ok(found)
                    }
                    Err(error) => {
                        if let Some(state) = state.as_ref().filter(|_| is_damage(&error)) {
                            state.suspect();
                        }
                        Err(query_error(Some(path), error))
                    }
                }
            }
        }
    }
}

fn take_idle(idle: &mut Vec<(u64, Connection)>, generation: u64) -> Option<Connection> {
    idle.retain(|(each, _)| *each == generation);
    idle.pop().map(|(_, connection)| connection)
}

/// Runs a query that is interrupted when it takes too long.
fn limited<T>(
    connection: &mut Connection,
    query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let begun = Instant::now();
    connection.progress_handler(STEPS_PER_LOOK, Some(move || begun.elapsed() > LONGEST_QUERY))?;
    let found = query(connection);
    connection.progress_handler(STEPS_PER_LOOK, None::<fn() -> bool>)?;
    found
}

fn query_error(path: Option<&Path>, error: rusqlite::Error) -> HistoryError {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => HistoryError::TooSlow(LONGEST_QUERY.as_secs()),
        _ => store_error(path, error),
    }
}

fn connect(path: &Path) -> Result<Connection, HistoryError> {
    if !path.exists() {
        return Err(HistoryError::Missing(path.to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags);
    let connection = connection.map_err(|error| store_error(Some(path), error))?;
    let waits = connection.busy_timeout(Duration::from_secs(1));
    waits.map_err(|error| store_error(Some(path), error))?;
    check(&connection, path)?;
    let prepare = || {
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "cache_size", -8192)?;
        schema::read_as_current(&connection)
    };
    prepare().map_err(|error| store_error(Some(path), error))?;
    Ok(connection)
}
