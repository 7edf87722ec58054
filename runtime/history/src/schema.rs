//! The tables of the file, and their version.

use rusqlite::Connection;

/// The version that this program writes, in `user_version`.
pub(crate) const SCHEMA_VERSION: i64 = 2;
/// What tells a history from other SQLite databases: `Loom` in ASCII, in `application_id`.
pub(crate) const APPLICATION_ID: i64 = 0x4c6f_6f6d;

/// The bits of a span's or body's key that count within its run; the others are the number of the run. So the rows of a
/// run lie together, no further index leads to them, and a run is removed by one range.
/// Statements that go from a row to its run shift by it.
const ROW_BITS: u32 = 20;

/// The key of a span or body: of the run, and within the run.
pub(crate) fn row_key(run: i64, number: u32) -> i64 {
    run << ROW_BITS | i64::from(number)
}

/// The keys that a run may use.
pub(crate) fn keys_of_run(run: i64) -> [i64; 2] {
    [run << ROW_BITS, (run << ROW_BITS) | ((1 << ROW_BITS) - 1)]
}

/// Version 1. Names are kept in full: to intern them costs a look-up per name and row and a sweep of those that nothing
/// uses any more, and saves a tenth of the bytes. The index removes words where they are (`secure-delete`), instead of
/// noting that they are gone: a secret must not stay, and a history at its size has no room for notes.
const TABLES: &str = "
CREATE TABLE runs(
  id INTEGER PRIMARY KEY,
  trace BLOB NOT NULL UNIQUE,
  is_running INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  is_partial INTEGER NOT NULL,
  is_cut INTEGER NOT NULL,
  is_secret INTEGER NOT NULL,
  started INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  trigger_start INTEGER NOT NULL,
  events INTEGER NOT NULL,
  spans INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  next_row INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  body_bytes INTEGER NOT NULL,
  cost REAL,
  trigger TEXT,
  agents TEXT NOT NULL,
  conversation TEXT,
  error TEXT
);
CREATE INDEX runs_failed ON runs(failed);
CREATE INDEX runs_with_bodies ON runs(failed) WHERE body_bytes > 0;
CREATE INDEX runs_running ON runs(id) WHERE is_running = 1;
CREATE TABLE run_names(
  kind INTEGER NOT NULL,
  name TEXT NOT NULL,
  run INTEGER NOT NULL,
  PRIMARY KEY(kind, name, run)
) WITHOUT ROWID;
CREATE TABLE spans(
  id INTEGER PRIMARY KEY,
  span INTEGER NOT NULL,
  parent INTEGER,
  start INTEGER NOT NULL,
  duration INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  name TEXT NOT NULL,
  agent TEXT,
  topic TEXT,
  tool TEXT,
  model TEXT,
  provider TEXT,
  input_tokens INTEGER,
  output_tokens INTEGER,
  cost REAL,
  first_token INTEGER,
  finish_reason TEXT,
  correlation TEXT,
  conversation TEXT,
  links TEXT,
  attributes TEXT,
  error_type TEXT,
  error TEXT
);
CREATE INDEX spans_tool ON spans(start, tool, duration, outcome) WHERE tool IS NOT NULL;
CREATE INDEX spans_model ON spans(start, model, duration, outcome, input_tokens, output_tokens) WHERE model IS NOT NULL;
CREATE INDEX spans_failed ON spans(start) WHERE outcome = 2;
CREATE TABLE bodies(
  id INTEGER PRIMARY KEY,
  span INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  length INTEGER NOT NULL,
  kept INTEGER NOT NULL,
  is_cut INTEGER NOT NULL,
  content_type TEXT NOT NULL,
  redacted TEXT,
  content BLOB NOT NULL
);
CREATE TABLE unindexed(id INTEGER PRIMARY KEY);
CREATE VIRTUAL TABLE search USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2');
INSERT INTO search(search, rank) VALUES('secure-delete', 1);
CREATE TABLE events(
  id INTEGER PRIMARY KEY,
  run INTEGER,
  span INTEGER,
  at INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  event TEXT NOT NULL,
  type TEXT NOT NULL,
  topic TEXT NOT NULL,
  sender TEXT,
  receiver TEXT,
  conversation TEXT,
  correlation TEXT,
  metadata TEXT,
  preview TEXT NOT NULL
);
CREATE INDEX events_run ON events(run);
CREATE TABLE logs(
  id INTEGER PRIMARY KEY,
  run INTEGER,
  span INTEGER,
  at INTEGER NOT NULL,
  level TEXT NOT NULL,
  target TEXT NOT NULL,
  message TEXT NOT NULL
);
CREATE INDEX logs_run ON logs(run);
CREATE TABLE minutes(
  minute INTEGER PRIMARY KEY,
  spans INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  runs INTEGER NOT NULL,
  events INTEGER NOT NULL,
  left_out INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL
);
";

/// Version 2: runs count the spans whose cost is not known (before, no run had a cost), and tell that their bodies were
/// removed for room.
const UNPRICED: &str = "
ALTER TABLE runs ADD COLUMN unpriced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN has_lost_bodies INTEGER NOT NULL DEFAULT 0;
";

/// The steps from each version to the next one: the first makes an empty database one of version 1.
const STEPS: [&str; 2] = [TABLES, UNPRICED];

/// What a reader, which may not change the file, has in place of a table of version 1.
const RUNS_OF_VERSION_1: &str =
    "CREATE TEMP VIEW runs AS SELECT *, 0 AS unpriced, 0 AS has_lost_bodies FROM main.runs";

/// The version of a database; 0 for an empty one.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whether a database is a history, or empty.
pub(crate) fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables = || {
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get::<_, i64>(0))
    };
    Ok(id == APPLICATION_ID || (id == 0 && tables()? == 0))
}

/// Lets statements of this version read a database of an older one, without changing it.
pub(crate) fn read_as_current(connection: &Connection) -> rusqlite::Result<()> {
    match version(connection)? {
        1 => connection.execute_batch(RUNS_OF_VERSION_1),
        _ => Ok(()),
    }
}

/// Brings a database of an older version to this one, in one transaction.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let from = usize::try_from(version(connection)?).unwrap_or_default();
    if from >= STEPS.len() {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    for step in STEPS.iter().skip(from) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_version_1_is_read_and_migrated() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO runs VALUES(7, x'00', 0, 0, 0, 0, 0, 1, 2, 1, 0, 1, 0, 0, 0, 1, 9, 0, NULL, 't', '[]', \
                 NULL, NULL)",
            )
            .unwrap();
        let found = |connection: &Connection| {
            let sql = "SELECT id, trigger, unpriced FROM runs r WHERE r.id = 7";
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            connection.query_row::<(i64, String, i64), _, _>(sql, (), row).unwrap()
        };
        read_as_current(&connection).unwrap();
        assert_eq!(found(&connection), (7, "t".to_owned(), 0));
        connection.execute_batch("DROP VIEW temp.runs").unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(found(&connection), (7, "t".to_owned(), 0));
        assert_eq!(version(&connection).unwrap(), SCHEMA_VERSION);
    }

    #[test]
    fn the_rows_of_a_run_lie_together() {
        for run in [1, 2, 1 << 40] {
            let [first, last] = keys_of_run(run);
            assert_eq!((row_key(run, 0), row_key(run + 1, 0)), (first, last + 1));
            // As the statements have it.
            assert_eq!([first >> 20, last >> 20, (last + 1) >> 20], [run, run, run + 1]);
        }
    }

    #[test]
    fn an_empty_database_gets_the_tables_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(is_ours(&connection).unwrap());
        migrate(&mut connection).unwrap();
        assert_eq!(
            (version(&connection).unwrap(), is_ours(&connection).unwrap()),
            (SCHEMA_VERSION, true)
        );
        connection.execute("INSERT INTO unindexed VALUES(1)", ()).unwrap();
        migrate(&mut connection).unwrap();
        let rows: i64 =
            connection.query_row("SELECT count(*) FROM unindexed", (), |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
        let other = Connection::open_in_memory().unwrap();
        other.execute_batch("CREATE TABLE mine(a)").unwrap();
        assert!(!is_ours(&other).unwrap());
    }
}
