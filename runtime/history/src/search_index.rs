//! The full-text index: which bodies are in it, and which wait.

use rusqlite::{Connection, OptionalExtension as _};

use crate::search_text::indexed_text;

/// Bodies that are indexed in one second.
pub(crate) const BODIES_PER_SECOND: u32 = 200;

/// Adds a body to the index.
pub(crate) fn add(connection: &Connection, id: i64, content: &[u8]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO search(rowid, text) VALUES(?1, ?2)")?;
    insert.execute((id, indexed_text(content)))?;
    Ok(())
}

/// Notes that a body waits.
pub(crate) fn defer(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT INTO unindexed(id) VALUES(?1)")?.execute([id])?;
    Ok(())
}

/// Adds the newest bodies that wait, at most `limit`: what just happened is looked for more often than what is old.
/// Returns how many there were.
pub(crate) fn add_waiting(connection: &Connection, limit: usize) -> rusqlite::Result<usize> {
    let mut newest =
        connection.prepare_cached("SELECT id FROM unindexed ORDER BY id DESC LIMIT ?1")?;
    let ids = newest.query_map([limit as i64], |row| row.get(0))?;
    let ids: Vec<i64> = ids.collect::<rusqlite::Result<_>>()?;
    for id in &ids {
        if let Some(content) = content(connection, *id)? {
            add(connection, *id, &content)?;
        }
        connection.prepare_cached("DELETE FROM unindexed WHERE id = ?1")?.execute([id])?;
    }
    Ok(ids.len())
}

/// Removes a body from the index or from those that wait. FTS5 needs the text that was added.
pub(crate) fn remove(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    let waited = connection.prepare_cached("DELETE FROM unindexed WHERE id = ?1")?.execute([id])?;
    if waited > 0 {
        return Ok(());
    }
    let Some(content) = content(connection, id)? else { return Ok(()) };
    let sql = "INSERT INTO search(search, rowid, text) VALUES('delete', ?1, ?2)";
    connection.prepare_cached(sql)?.execute((id, indexed_text(&content)))?;
    Ok(())
}

/// Removes everything from the index.
pub(crate) fn clear(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .execute_batch("INSERT INTO search(search) VALUES('delete-all'); DELETE FROM unindexed;")
}

/// The bodies that wait.
pub(crate) fn backlog(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .query_row("SELECT count(*) FROM unindexed", (), |row| row.get::<_, i64>(0))
        .map(|n| n as u64)
}

fn content(connection: &Connection, id: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut select = connection.prepare_cached("SELECT content FROM bodies WHERE id = ?1")?;
    select.query_row([id], |row| row.get(0)).optional()
}
