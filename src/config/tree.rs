//! A TOML document as values with their line numbers, in the order of the file.

use toml::de::{DeTable, DeValue};

use super::expand::has_variables;

/// A value and its line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TomlNode {
    /// The line of the value, from 1.
    pub(crate) line: usize,
    pub(crate) value: TomlValue,
}

/// A value of a document. Text is as written; variables are not expanded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TomlValue {
    Text(String),
    Bool(bool),
    Integer(i64),
    Float(f64),
    /// A date or a time, which only free-form tables may hold.
    Date(String),
    List(Vec<TomlNode>),
    Table(TomlTable),
}

/// The entries of a table, in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct TomlTable(pub(crate) Vec<TomlEntry>);

/// A key of a table, and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TomlEntry {
    pub(crate) key: String,
    /// The line of the key, from 1.
    pub(crate) line: usize,
    pub(crate) node: TomlNode,
}

/// A position at which a text is not valid TOML.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SyntaxProblem {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Parses a document, or lists every line that is not valid TOML.
pub(crate) fn parse(text: &str) -> Result<TomlTable, Vec<SyntaxProblem>> {
    let lines = LineIndex::of(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut syntax: Vec<_> = errors.iter().map(|error| lines.syntax(error)).collect();
        syntax.sort_by_key(|s| s.line);
        // Further errors of one line are mostly consequences of its first.
        syntax.dedup_by_key(|s| s.line);
        return Err(syntax);
    }
    let mut faults = Vec::new();
    let table = lines.table(root.get_ref(), &mut faults);
    if faults.is_empty() { Ok(table) } else { Err(faults) }
}

/// The byte offsets at which lines begin.
struct LineIndex(Vec<usize>);

impl LineIndex {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect())
    }

    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }

    fn syntax(&self, error: &toml::de::Error) -> SyntaxProblem {
        SyntaxProblem {
            line: self.at(error.span().map_or(0, |span| span.start)),
            message: error.message().trim_end().replace('\n', ", "),
        }
    }

    fn table(&self, table: &DeTable<'_>, faults: &mut Vec<SyntaxProblem>) -> TomlTable {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, value)| (key.span().start, value.span().start));
        let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
            let line = self.at(key.span().start);
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            let value = self.value(value, faults);
            // The span of a table begins at its header, the span of an inner table at its key.
            TomlEntry { key: key.to_string(), line, node: TomlNode { line, value } }
        };
        TomlTable(entries.into_iter().map(entry).collect())
    }

    fn value(
        &self,
        value: &toml::Spanned<DeValue<'_>>,
        faults: &mut Vec<SyntaxProblem>,
    ) -> TomlValue {
        let line = self.at(value.span().start);
        match value.get_ref() {
            DeValue::String(text) => TomlValue::Text(text.to_string()),
            DeValue::Boolean(value) => TomlValue::Bool(*value),
            DeValue::Integer(digits) => {
                match i64::from_str_radix(digits.as_str(), digits.radix()) {
                    Ok(value) => TomlValue::Integer(value),
                    Err(_) => {
                        faults.push(SyntaxProblem {
                            line,
                            message: "the number is too large".to_owned(),
                        });
                        TomlValue::Integer(0)
                    }
                }
            }
            DeValue::Float(digits) => match digits.as_str().parse() {
                Ok(value) => TomlValue::Float(value),
                Err(_) => {
                    faults.push(SyntaxProblem { line, message: "this is not a number".to_owned() });
                    TomlValue::Float(0.0)
                }
            },
            DeValue::Datetime(date) => TomlValue::Date(date.to_string()),
            DeValue::Array(items) => TomlValue::List(
                items
                    .iter()
                    .map(|item| TomlNode {
                        line: self.at(item.span().start),
                        value: self.value(item, faults),
                    })
                    .collect(),
            ),
            DeValue::Table(table) => TomlValue::Table(self.table(table, faults)),
        }
    }
}

impl TomlTable {
    /// Removes what is at `path`.
    pub(crate) fn remove(&mut self, path: &[String]) {
        match path {
            [] => {}
            [key] => self.0.retain(|entry| entry.key != *key),
            [key, rest @ ..] => {
                for entry in self.0.iter_mut().filter(|entry| entry.key == *key) {
                    if let TomlValue::Table(table) = &mut entry.node.value {
                        table.remove(rest);
                    }
                }
            }
        }
    }

    /// The entry of `key`.
    pub(crate) fn entry(&self, key: &str) -> Option<&TomlEntry> {
        self.0.iter().find(|entry| entry.key == key)
    }
}

impl TomlValue {
    /// The type of the value, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// Whether any text in the value names a variable.
    pub(crate) fn has_variables(&self) -> bool {
        match self {
            Self::Text(text) => has_variables(text),
            Self::List(items) => items.iter().any(|item| item.value.has_variables()),
            Self::Table(table) => table.0.iter().any(|entry| entry.node.value.has_variables()),
            Self::Bool(_) | Self::Integer(_) | Self::Float(_) | Self::Date(_) => false,
        }
    }

    /// The value as JSON, as written. `inf` and `nan`, which JSON does not have, become `null`.
    pub(crate) fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) | Self::Date(text) => text.as_str().into(),
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
            Self::List(items) => items.iter().map(|item| item.value.json()).collect(),
            Self::Table(table) => serde_json::Value::Object(
                table.0.iter().map(|e| (e.key.clone(), e.node.value.json())).collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node<'t>(table: &'t TomlTable, path: &[&str]) -> &'t TomlNode {
        let node = &table.entry(path[0]).unwrap().node;
        match (&node.value, &path[1..]) {
            (_, []) => node,
            (TomlValue::Table(table), rest) => self::node(table, rest),
            _ => panic!("{path:?} is not in a table"),
        }
    }

    #[test]
    fn values_have_lines_and_keep_the_order_of_the_file() {
        let text = "z = 1\n[b]\nx = \"t\"\n\n[a.c]\nd = [\n  1,\n  2.5,\n]\n[[s]]\nu = true\n[[s]]\nu = 2026-01-01\n";
        let table = parse(text).unwrap();
        let keys: Vec<_> = table.0.iter().map(|e| (e.key.as_str(), e.line)).collect();
        assert_eq!(keys, [("z", 1), ("b", 2), ("a", 5), ("s", 10)]);
        assert_eq!(node(&table, &["b", "x"]).line, 3);
        let d = node(&table, &["a", "c", "d"]);
        let TomlValue::List(items) = &d.value else { panic!("{d:?}") };
        assert_eq!(items.iter().map(|i| i.line).collect::<Vec<_>>(), [7, 8]);
        let TomlValue::List(items) = &node(&table, &["s"]).value else { panic!() };
        assert_eq!(items.iter().map(|i| i.line).collect::<Vec<_>>(), [10, 12]);
        assert_eq!(items[1].value.json(), serde_json::json!({"u": "2026-01-01"}));
    }

    #[test]
    fn every_line_with_invalid_toml_is_listed() {
        let syntax = parse("a = \nb = 1\nc = = 2\n").unwrap_err();
        assert_eq!(syntax.iter().map(|s| s.line).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(parse("a = 1\na = 2\n").unwrap_err()[0].line, 2);
        assert_eq!(parse("\na = 99999999999999999999\n").unwrap_err()[0].line, 2);
    }
}
