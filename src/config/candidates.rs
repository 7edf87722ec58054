//! [`Candidates`]: finds the rows of the table of settings that a path of keys leads to.

use super::{
    any_key::AnyKey,
    document::{KeyPattern, is_name},
    table,
};

/// The rows that are still possible after the first keys of a path.
#[derive(Clone)]
pub(crate) struct Candidates {
    keys: Vec<&'static dyn AnyKey>,
    /// How many keys of the path were followed.
    depth: usize,
}

/// What a key in a table is.
pub(crate) enum KeyMatch {
    /// A setting.
    Setting(&'static dyn AnyKey),
    /// A table.
    Table(Candidates),
    /// None of the keys that are known in this table.
    Unknown(Vec<&'static str>),
}

impl Candidates {
    /// All rows that files may have.
    pub(crate) fn of_files() -> Self {
        Self { keys: table::file_keys().collect(), depth: 0 }
    }

    /// All rows, including those that no file has.
    pub(crate) fn all() -> Self {
        Self { keys: table::keys().collect(), depth: 0 }
    }

    /// What `key` is in the table that these rows belong to. A known key takes precedence over a name that the user
    /// chooses.
    pub(crate) fn step(&self, key: &str) -> KeyMatch {
        let part = |path: KeyPattern| path.get(self.depth).copied();
        let is_last = |path: KeyPattern| path.len() == self.depth + 1;
        let rows = || self.keys.iter().copied();
        let mut keys: Vec<_> = rows().filter(|row| part(row.row().path) == Some(key)).collect();
        if keys.is_empty() {
            keys = rows().filter(|row| part(row.row().path).is_some_and(is_name)).collect();
        }
        match keys.first() {
            None => KeyMatch::Unknown(self.known()),
            Some(key) if is_last(key.row().path) => KeyMatch::Setting(*key),
            Some(_) => KeyMatch::Table(Self { keys, depth: self.depth + 1 }),
        }
    }

    /// The path of the table that these rows belong to.
    pub(crate) fn pattern(&self) -> KeyPattern {
        self.keys.first().map_or(&[], |key| &key.row().path[..self.depth])
    }

    /// Whether the user chose the name of the table.
    pub(crate) fn is_named(&self) -> bool {
        self.pattern().last().is_some_and(|part| is_name(part))
    }

    /// The rows of the table itself, without those of tables in it.
    pub(crate) fn direct(&self) -> impl Iterator<Item = &'static dyn AnyKey> {
        let length = self.depth + 1;
        self.keys.iter().copied().filter(move |key| key.row().path.len() == length)
    }

    /// The keys that are known in the table.
    pub(crate) fn known(&self) -> Vec<&'static str> {
        let parts = self.keys.iter().filter_map(|key| key.row().path.get(self.depth).copied());
        let mut known: Vec<_> = parts.filter(|part| !is_name(part)).collect();
        known.dedup();
        known
    }
}
