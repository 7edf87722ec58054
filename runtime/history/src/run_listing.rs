//! Lists runs: each way to find them gives their numbers, newest first, and the ways are merged.

use std::collections::BTreeSet;

use rusqlite::{Connection, ToSql, params_from_iter, types::Value};

use crate::{
    change::NameKind,
    instant::duration_to_nanos,
    run_query::{RunCursor, RunQuery, RunStatus},
    run_summary::{COLUMNS, RunPage, RunSummary},
    schema::row_key,
    search_text::match_expression,
};

/// What is no registration of an agent alone: each of these is a run of its own, which says nothing unless it failed.
const NO_REGISTRATION: &str =
    "NOT (r.trigger IS 'agent.register' AND r.spans = 1 AND r.events = 0 AND r.failed = 0)";

/// A page of runs, newest first.
pub(crate) fn runs(connection: &Connection, query: &RunQuery) -> rusqlite::Result<RunPage> {
    let size = query.page_size();
    // One more than the page holds tells whether there is a next one.
    let mut numbers = BTreeSet::new();
    for way in ways(query) {
        numbers.extend(found(connection, way, query, size + 1)?);
    }
    let page: Vec<i64> = numbers.into_iter().rev().take(size + 1).collect();
    let next = (page.len() > size).then(|| RunCursor(page[size - 1]));
    let mut select =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM runs r WHERE r.id = ?1"))?;
    let shown = page.iter().take(size);
    let runs = shown.map(|number| select.query_row([number], RunSummary::from_row));
    Ok(RunPage { runs: runs.collect::<rusqlite::Result<_>>()?, next })
}

/// A part of a statement with the values of its parameters.
struct RunCondition {
    sql: String,
    values: Vec<Value>,
}

impl RunCondition {
    fn new(sql: impl Into<String>, values: Vec<Value>) -> Self {
        Self { sql: sql.into(), values }
    }
}

/// One way to find runs: where their numbers come from, and in which column.
struct RunWay {
    from: &'static str,
    number: &'static str,
    /// The key before which the page begins, for a cursor.
    before: fn(i64) -> i64,
    condition: RunCondition,
    /// Whether it finds runs by their ids, whatever they are.
    is_by_id: bool,
}

fn same(number: i64) -> i64 {
    number
}

fn from_runs(condition: RunCondition) -> RunWay {
    RunWay { from: "runs r", number: "r.id", before: same, condition, is_by_id: false }
}

/// The ways to find the runs of a query; a run that one of them finds is found.
fn ways(query: &RunQuery) -> Vec<RunWay> {
    let text = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let Some(text) = text else { return vec![first_way(query)] };
    let mut ways = vec![
        from_runs(RunCondition::new(
            "r.failed = 1 AND r.error LIKE ? ESCAPE '\\'",
            vec![format!("%{}%", escaped(text)).into()],
        )),
        from_runs(RunCondition::new(
            "r.id IN (SELECT run FROM run_names WHERE kind IN (1, 2, 3, 4, 5) AND name >= ? AND name < ?)",
            vec![text.to_owned().into(), after_prefix(text).into()],
        )),
    ];
    if let Some([first, last]) = traces_with_prefix(text) {
        let values = vec![Value::Blob(first.to_vec()), Value::Blob(last.to_vec())];
        let condition = RunCondition::new("r.trace BETWEEN ? AND ?", values);
        ways.push(RunWay { is_by_id: true, ..from_runs(condition) });
    }
    if let Some(expression) = match_expression(text) {
        // The key of a body begins with the number of its run.
        ways.push(RunWay {
            from: "search s CROSS JOIN runs r ON r.id = s.rowid >> 20",
            number: "s.rowid",
            before: |run| row_key(run, 0),
            condition: RunCondition::new("s.text MATCH ?", vec![expression.into()]),
            is_by_id: false,
        });
    }
    ways
}

/// The way of a query without text: by the first name, whose runs the index has in order, else through all runs.
fn first_way(query: &RunQuery) -> RunWay {
    let exact = names(query).into_iter().find(|(_, name)| !name.ends_with('*'));
    let Some((kind, name)) = exact else { return from_runs(RunCondition::new("1", Vec::new())) };
    let values = vec![Value::Integer(kind as i64), name.to_owned().into()];
    RunWay {
        from: "run_names n CROSS JOIN runs r ON r.id = n.run",
        number: "n.run",
        before: same,
        condition: RunCondition::new("n.kind = ? AND n.name = ?", values),
        is_by_id: false,
    }
}

fn names(query: &RunQuery) -> Vec<(NameKind, &str)> {
    let names = [
        (NameKind::Agent, &query.agent),
        (NameKind::Tool, &query.tool),
        (NameKind::Model, &query.model),
        (NameKind::Topic, &query.topic),
        (NameKind::Conversation, &query.conversation),
    ];
    names.into_iter().filter_map(|(kind, name)| Some((kind, name.as_deref()?))).collect()
}

/// The numbers that one way finds, newest first.
fn found(
    connection: &Connection,
    way: RunWay,
    query: &RunQuery,
    limit: usize,
) -> rusqlite::Result<BTreeSet<i64>> {
    let mut sql = format!("SELECT r.id FROM {} WHERE {}", way.from, way.condition.sql);
    let mut values = way.condition.values;
    let mut conditions = conditions(query);
    if !query.registrations && !way.is_by_id {
        conditions.push(RunCondition::new(NO_REGISTRATION, Vec::new()));
    }
    if let Some(RunCursor(number)) = query.cursor {
        let before = Value::Integer((way.before)(number));
        conditions.push(RunCondition::new(format!("{} < ?", way.number), vec![before]));
    }
    for condition in conditions {
        sql = format!("{sql} AND {}", condition.sql);
        values.extend(condition.values);
    }
    sql = format!("{sql} ORDER BY {} DESC", way.number);
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows =
        select.query(params_from_iter(values.iter().map(|value| value as &dyn ToSql)))?;
    let mut numbers = BTreeSet::new();
    // Several bodies may belong to one run, so the statement has no limit of its own.
    while numbers.len() < limit
        && let Some(row) = rows.next()?
    {
        numbers.insert(row.get(0)?);
    }
    Ok(numbers)
}

/// What every way has to meet.
fn conditions(query: &RunQuery) -> Vec<RunCondition> {
    let mut all = Vec::new();
    let mut add = |sql: &str, value: i64| {
        all.push(RunCondition::new(sql, vec![Value::Integer(value)]));
    };
    match query.status {
        Some(RunStatus::Running) => add("r.is_running = ?", 1),
        Some(RunStatus::Failed) => add("r.failed = ?", 1),
        Some(RunStatus::Partial) => add("r.is_running = 0 AND r.is_partial = ?", 1),
        Some(RunStatus::Ok) => add("r.is_running = 0 AND r.is_partial = 0 AND r.failed = ?", 0),
        None => {}
    }
    let durations = [
        ("r.ended - r.started >= ?", query.min_duration),
        ("r.ended - r.started <= ?", query.max_duration),
    ];
    for (sql, duration) in durations {
        if let Some(duration) = duration {
            add(sql, duration_to_nanos(duration));
        }
    }
    for (sql, at) in [("r.started >= ?", query.since), ("r.started <= ?", query.until)] {
        if let Some(at) = at {
            add(sql, at);
        }
    }
    for (kind, name) in names(query) {
        let kind = Value::Integer(kind as i64);
        all.push(match name.strip_suffix('*') {
            None => RunCondition::new(
                "EXISTS (SELECT 1 FROM run_names WHERE kind = ? AND name = ? AND run = r.id)",
                vec![kind, name.to_owned().into()],
            ),
            Some(prefix) => RunCondition::new(
                "r.id IN (SELECT run FROM run_names WHERE kind = ? AND name >= ? AND name < ?)",
                vec![kind, prefix.to_owned().into(), after_prefix(prefix).into()],
            ),
        });
    }
    all
}

/// A text that comes after all texts with a prefix, and before all others that come after it.
fn after_prefix(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

/// A text in which `LIKE` finds no wildcard.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// The first and the last trace id that begin with at least four hexadecimal digits.
fn traces_with_prefix(text: &str) -> Option<[[u8; 16]; 2]> {
    let is_hex = (4..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let id = |fill: char| {
        let digits: String = text.chars().chain(std::iter::repeat(fill)).take(32).collect();
        u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
    };
    is_hex.then(|| Some([id('0')?, id('f')?])).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_an_id_is_a_range() {
        let range = traces_with_prefix("00AB").unwrap();
        assert_eq!(range.map(|id| id[1]), [0xab, 0xab]);
        assert_eq!((range[0][2], range[1][15]), (0, 0xff));
        for other in ["abc", "xyz1", "+123", &"a".repeat(33)] {
            assert_eq!(traces_with_prefix(other), None, "{other}");
        }
    }

    #[test]
    fn wildcards_stand_for_themselves() {
        assert_eq!(escaped(r"50%_a\b"), r"50\%\_a\\b");
        assert!("a.b" < &*after_prefix("a.") && &*after_prefix("a.") < "a/");
    }
}
