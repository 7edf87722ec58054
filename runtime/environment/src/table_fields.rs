//! [`TableFields`]: the keys of one table, read one after the other.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The keys of one table that are not read yet. Errors name the table and the key, and show no value: any of them may be
/// a secret.
pub(crate) struct TableFields<'t> {
    table: &'t str,
    fields: Map<String, Value>,
}

impl<'t> TableFields<'t> {
    /// The keys of the table `name`.
    pub(crate) fn of(table: &'t str, value: Value) -> Result<Self, String> {
        match value {
            Value::Object(fields) => Ok(Self { table, fields }),
            _ => Err(format!("{table}: expected a table")),
        }
    }

    /// The value of a key; `None` where it is absent or `null`. `expected` describes the form of a value.
    pub(crate) fn optional<T: DeserializeOwned>(
        &mut self,
        key: &str,
        expected: &str,
    ) -> Result<Option<T>, String> {
        match self.fields.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let read = serde_json::from_value(value).map(Some);
                read.map_err(|_| self.wrong(key, expected))
            }
        }
    }

    /// Fails where one of these keys is there: they belong to the key `of`, and the table has `got`.
    pub(crate) fn absent(&self, keys: &[&str], of: &str, got: &str) -> Result<(), String> {
        let is_there = |key: &&&str| self.fields.get(**key).is_some_and(|value| !value.is_null());
        match keys.iter().find(is_there) {
            Some(key) => {
                Err(format!("{}.{key}: belongs to {of}, and the table has {got}", self.table))
            }
            None => Ok(()),
        }
    }

    /// The error for the value of a key.
    pub(crate) fn wrong(&self, key: &str, expected: &str) -> String {
        format!("{}.{key}: expected {expected}", self.table)
    }
}
