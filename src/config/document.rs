//! [`ConfigDocument`]: the values of one file (or of a variable that holds tables), by key.

use std::{any::Any, path::PathBuf};

use serde_json::Value;

use super::{SettingOrigin, reader::Layer};

/// The path of a key in the table of settings; parts in `<…>` stand for names that the user chooses.
pub(crate) type KeyPattern = &'static [&'static str];

/// Where the values of a document come from.
#[derive(Debug)]
pub(crate) enum DocumentOrigin {
    /// A file.
    File(PathBuf, Layer),
    /// An environment variable.
    Variable(&'static str),
}

/// The values of one file (or of a variable that holds tables), by key.
#[derive(Debug)]
pub(crate) struct ConfigDocument {
    pub(crate) origin: DocumentOrigin,
    /// Whether the file belongs to a project that is not trusted, so that some settings can only be made tighter.
    pub(crate) restricted: bool,
    tables: Vec<NamedTable>,
    values: Vec<KeyValue>,
}

/// A table whose name the user chooses: `[llm.<name>]`.
#[derive(Debug)]
struct NamedTable {
    pattern: KeyPattern,
    name: String,
    line: usize,
}

/// A value of the type that its key has.
#[derive(Debug)]
struct KeyValue {
    pattern: KeyPattern,
    /// What the parts in `<…>` of the pattern are.
    names: Vec<String>,
    line: usize,
    value: Box<dyn Any>,
    /// The value as written, where it names variables; secrets in it are masked.
    written: Option<Value>,
}

impl ConfigDocument {
    pub(crate) fn new(origin: DocumentOrigin) -> Self {
        Self { origin, restricted: false, tables: Vec::new(), values: Vec::new() }
    }

    /// Adds a table whose name the user chooses.
    pub(crate) fn add_table(&mut self, pattern: KeyPattern, name: &str, line: usize) {
        self.tables.push(NamedTable { pattern, name: name.to_owned(), line });
    }

    /// Adds the value of a key.
    pub(crate) fn add(
        &mut self,
        pattern: KeyPattern,
        names: Vec<String>,
        line: usize,
        value: Box<dyn Any>,
    ) {
        self.add_written(pattern, names, line, value, None);
    }

    /// Adds the value of a key; with the value as written, for display, where that names variables.
    pub(crate) fn add_written(
        &mut self,
        pattern: KeyPattern,
        names: Vec<String>,
        line: usize,
        value: Box<dyn Any>,
        written: Option<Value>,
    ) {
        self.values.push(KeyValue { pattern, names, line, value, written });
    }

    /// Removes all values and tables at or below `path`.
    pub(crate) fn remove(&mut self, path: &[String]) {
        let starts = |pattern: KeyPattern, names: &[&str]| {
            let parts = fill(pattern, names);
            parts.len() >= path.len() && parts.iter().zip(path).all(|(part, other)| part == other)
        };
        self.tables.retain(|table| !starts(table.pattern, &[&table.name]));
        self.values.retain(|value| {
            let names: Vec<&str> = value.names.iter().map(String::as_str).collect();
            !starts(value.pattern, &names)
        });
    }

    /// The value of a key, and its origin.
    pub(crate) fn get<T: Clone + 'static>(
        &self,
        pattern: KeyPattern,
        names: &[&str],
    ) -> Option<(T, SettingOrigin)> {
        let found =
            self.values.iter().find(|value| value.pattern == pattern && value.names == names);
        let found = found?;
        Some((found.value.downcast_ref::<T>()?.clone(), self.origin(found.line)))
    }

    /// The value of a key as written, where it names variables, and its origin.
    pub(crate) fn written(
        &self,
        pattern: KeyPattern,
        names: &[&str],
    ) -> Option<(&Value, SettingOrigin)> {
        let mut values = self.values.iter();
        let found = values.find(|value| value.pattern == pattern && value.names == names)?;
        Some((found.written.as_ref()?, self.origin(found.line)))
    }

    /// The names of the tables at `pattern`, in the order of the file, each with its origin.
    pub(crate) fn tables(
        &self,
        pattern: KeyPattern,
    ) -> impl Iterator<Item = (&str, SettingOrigin)> {
        let tables = self.tables.iter().filter(move |table| table.pattern == pattern);
        tables.map(|table| (table.name.as_str(), self.origin(table.line)))
    }

    /// Whether this is the file of a project.
    pub(crate) fn is_project(&self) -> bool {
        matches!(self.origin, DocumentOrigin::File(_, Layer::Project))
    }

    /// Whether this is the machine-wide file.
    pub(crate) fn is_machine(&self) -> bool {
        matches!(self.origin, DocumentOrigin::File(_, Layer::Machine))
    }

    /// Whether there is a table `name` at `pattern`.
    pub(crate) fn has_table(&self, pattern: [&str; 2], name: &str) -> bool {
        self.tables.iter().any(|table| table.pattern == pattern && table.name == name)
    }

    /// What the last part of the key's pattern is named, for each value whose earlier names are `names`.
    pub(crate) fn names_below<'d>(
        &'d self,
        pattern: KeyPattern,
        names: &'d [&str],
    ) -> impl Iterator<Item = &'d str> {
        let values = self.values.iter().filter(move |value| value.pattern == pattern);
        values.filter_map(move |value| {
            let (last, earlier) = value.names.split_last()?;
            (earlier == names).then_some(last.as_str())
        })
    }

    fn origin(&self, line: usize) -> SettingOrigin {
        match &self.origin {
            DocumentOrigin::Variable(name) => SettingOrigin::Env((*name).to_owned()),
            DocumentOrigin::File(file, layer) => {
                let file = file.clone();
                match layer {
                    Layer::Machine => SettingOrigin::Machine { file, line },
                    Layer::User => SettingOrigin::User { file, line },
                    Layer::Project => SettingOrigin::Project { file, line },
                }
            }
        }
    }
}

/// Whether a part of a pattern stands for a name that the user chooses.
pub(crate) fn is_name(part: &str) -> bool {
    part.starts_with('<')
}

/// The pattern with these names in place of the parts in `<…>`.
pub(crate) fn fill<'n>(pattern: KeyPattern, names: &[&'n str]) -> Vec<&'n str> {
    let mut names = names.iter();
    let part = |part: &&'static str| {
        if is_name(part) { names.next().copied().unwrap_or(part) } else { *part }
    };
    pattern.iter().map(part).collect()
}
