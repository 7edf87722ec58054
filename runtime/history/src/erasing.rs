//! Removes runs, and the content of runs, from the tables.

use loom_base::secret_run::SECRET_ERROR;
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Map, Value};

use crate::{
    change::{NameKind, RunNumber},
    harmless_attributes::holds_no_content,
    schema::keys_of_run,
    search_index,
};

/// Removes the bodies, previews, error messages and further attributes of a run that is secret, and overwrites them.
/// Returns whether there is such a run.
pub(crate) fn erase_content(connection: &Connection, trace_id: u128) -> rusqlite::Result<bool> {
    let Some(run) = number_of(connection, trace_id)? else { return Ok(false) };
    remove_bodies(connection, run)?;
    connection.execute("UPDATE events SET preview = '' WHERE run = ?1", [run])?;
    erase_attributes(connection, run)?;
    let [first, last] = keys_of_run(run);
    let sql = "UPDATE spans SET error = ?3 WHERE id BETWEEN ?1 AND ?2 AND error IS NOT NULL";
    connection.execute(sql, (first, last, SECRET_ERROR))?;
    let sql = "UPDATE runs SET is_secret = 1, error = CASE WHEN error IS NOT NULL THEN ?2 END WHERE id = ?1";
    connection.execute(sql, (run, SECRET_ERROR))?;
    Ok(true)
}

/// Removes the attributes of a run that may hold content.
fn erase_attributes(connection: &Connection, run: RunNumber) -> rusqlite::Result<()> {
    let sql =
        "SELECT id, attributes FROM spans WHERE id BETWEEN ?1 AND ?2 AND attributes IS NOT NULL";
    let mut select = connection.prepare_cached(sql)?;
    let spans = select.query_map(keys_of_run(run), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let spans: Vec<(i64, String)> = spans.collect::<rusqlite::Result<_>>()?;
    let sql = "UPDATE spans SET attributes = ?2 WHERE id = ?1";
    for (span, attributes) in spans {
        let mut kept: Map<String, Value> = serde_json::from_str(&attributes).unwrap_or_default();
        let count = kept.len();
        kept.retain(|key, _| holds_no_content(key));
        if kept.len() < count || count == 0 {
            let kept = (!kept.is_empty()).then(|| Value::from(kept).to_string());
            connection.prepare_cached(sql)?.execute((span, kept))?;
        }
    }
    Ok(())
}

/// The number of the run with this trace id.
pub(crate) fn number_of(
    connection: &Connection,
    trace_id: u128,
) -> rusqlite::Result<Option<RunNumber>> {
    let mut select = connection.prepare_cached("SELECT id FROM runs WHERE trace = ?1")?;
    select.query_row([trace_id.to_be_bytes()], |row| row.get(0)).optional()
}

/// Removes the bodies of a run.
pub(crate) fn remove_bodies(connection: &Connection, run: RunNumber) -> rusqlite::Result<()> {
    let keys = keys_of_run(run);
    let mut select =
        connection.prepare_cached("SELECT id FROM bodies WHERE id BETWEEN ?1 AND ?2")?;
    let bodies = select.query_map(keys, |row| row.get(0))?;
    let bodies: Vec<i64> = bodies.collect::<rusqlite::Result<_>>()?;
    for body in bodies {
        search_index::remove(connection, body)?;
    }
    connection.prepare_cached("DELETE FROM bodies WHERE id BETWEEN ?1 AND ?2")?.execute(keys)?;
    let sql = "UPDATE runs SET bytes = bytes - body_bytes, body_bytes = 0 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute([run])?;
    Ok(())
}

/// Removes a run with everything that belongs to it.
pub(crate) fn remove_run(connection: &Connection, run: RunNumber) -> rusqlite::Result<()> {
    remove_bodies(connection, run)?;
    remove_names(connection, run)?;
    let keys = keys_of_run(run);
    connection.prepare_cached("DELETE FROM spans WHERE id BETWEEN ?1 AND ?2")?.execute(keys)?;
    for sql in [
        "DELETE FROM events WHERE run = ?1",
        "DELETE FROM logs WHERE run = ?1",
        "DELETE FROM runs WHERE id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([run])?;
    }
    Ok(())
}

/// Removes the names of a run, which follow from its spans: an index of names by run would cost more than it saves.
fn remove_names(connection: &Connection, run: RunNumber) -> rusqlite::Result<()> {
    let columns = ["agent", "topic", "tool", "model", "conversation"];
    for (kind, column) in NameKind::ALL.into_iter().zip(columns) {
        let sql = format!(
            "DELETE FROM run_names WHERE kind = ?1 AND run = ?2 AND name IN \
             (SELECT DISTINCT {column} FROM spans WHERE id BETWEEN ?3 AND ?4 AND {column} IS NOT NULL)"
        );
        let [first, last] = keys_of_run(run);
        connection.prepare_cached(&sql)?.execute((kind as i64, run, first, last))?;
    }
    Ok(())
}

/// Removes everything.
pub(crate) fn clear(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    search_index::clear(&transaction)?;
    transaction.execute_batch(
        "DELETE FROM bodies; DELETE FROM spans; DELETE FROM events; DELETE FROM logs; DELETE FROM run_names; \
         DELETE FROM minutes; DELETE FROM runs;",
    )?;
    transaction.commit()
}
