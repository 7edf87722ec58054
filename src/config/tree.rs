//! A TOML document as values that know their lines, in the order of the file.

use toml::de::{DeTable, DeValue};

/// One value and the line it stands on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// A value of a document. Text is as written, nothing is expanded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Bool(bool),
    Integer(i64),
    Float(f64),
    /// A date or a time, which only free-form tables may hold.
    Date(String),
    List(Vec<Node>),
    Table(Table),
}

/// The entries of a table, in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Table(pub(crate) Vec<Entry>);

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// The line of the key.
    pub(crate) line: usize,
    pub(crate) node: Node,
}

/// A place where a text is no TOML, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Parses a document; all places where it is no TOML, if there is one.
pub(crate) fn parse(text: &str) -> Result<Table, Vec<Syntax>> {
    let lines = Lines::of(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut syntax: Vec<_> = errors.iter().map(|error| lines.syntax(error)).collect();
        syntax.sort_by_key(|s| s.line);
        // What follows on one line is mostly an echo of its first error.
        syntax.dedup_by_key(|s| s.line);
        return Err(syntax);
    }
    let mut faults = Vec::new();
    let table = lines.table(root.get_ref(), &mut faults);
    if faults.is_empty() { Ok(table) } else { Err(faults) }
}

/// The offsets at which lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect())
    }

    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }

    fn syntax(&self, error: &toml::de::Error) -> Syntax {
        Syntax {
            line: self.at(error.span().map_or(0, |span| span.start)),
            message: error.message().trim_end().replace('\n', ", "),
        }
    }

    fn table(&self, table: &DeTable<'_>, faults: &mut Vec<Syntax>) -> Table {
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, value)| (key.span().start, value.span().start));
        let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
            let line = self.at(key.span().start);
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            let value = self.value(value, faults);
            // A table's own span begins at its header, an inner table's where its key stands.
            Entry { key: key.to_string(), line, node: Node { line, value } }
        };
        Table(entries.into_iter().map(entry).collect())
    }

    fn value(&self, value: &toml::Spanned<DeValue<'_>>, faults: &mut Vec<Syntax>) -> Value {
        let line = self.at(value.span().start);
        match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Integer(digits) => {
                match i64::from_str_radix(digits.as_str(), digits.radix()) {
                    Ok(value) => Value::Integer(value),
                    Err(_) => {
                        faults.push(Syntax { line, message: "the number is too large".to_owned() });
                        Value::Integer(0)
                    }
                }
            }
            DeValue::Float(digits) => match digits.as_str().parse() {
                Ok(value) => Value::Float(value),
                Err(_) => {
                    faults.push(Syntax { line, message: "this is not a number".to_owned() });
                    Value::Float(0.0)
                }
            },
            DeValue::Datetime(date) => Value::Date(date.to_string()),
            DeValue::Array(items) => Value::List(
                items
                    .iter()
                    .map(|item| Node {
                        line: self.at(item.span().start),
                        value: self.value(item, faults),
                    })
                    .collect(),
            ),
            DeValue::Table(table) => Value::Table(self.table(table, faults)),
        }
    }
}

impl Table {
    /// The value of `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The table under `key`.
    pub(crate) fn table(&self, key: &str) -> Option<&Table> {
        match &self.get(key)?.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Takes the value at a path of keys away; whether there was one.
    pub(crate) fn remove(&mut self, path: &[String]) -> bool {
        let Some((first, rest)) = path.split_first() else { return false };
        let Some(index) = self.0.iter().position(|entry| entry.key == *first) else {
            return false;
        };
        match (&mut self.0[index].node.value, rest) {
            (_, []) => {
                self.0.remove(index);
                true
            }
            (Value::Table(table), rest) => table.remove(rest),
            _ => false,
        }
    }
}

impl Value {
    /// What it is, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// As JSON, as written; what JSON cannot say (`inf`, `nan`) is `null`.
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

    #[test]
    fn values_know_their_lines_and_keep_the_order_of_the_file() {
        let text = "z = 1\n[b]\nx = \"t\"\n\n[a.c]\nd = [\n  1,\n  2.5,\n]\n[[s]]\nu = true\n[[s]]\nu = 2026-01-01\n";
        let table = parse(text).unwrap();
        let keys: Vec<_> = table.0.iter().map(|e| (e.key.as_str(), e.line)).collect();
        assert_eq!(keys, [("z", 1), ("b", 2), ("a", 5), ("s", 10)]);
        assert_eq!(table.table("b").unwrap().get("x").unwrap().line, 3);
        let d = table.table("a").unwrap().table("c").unwrap().get("d").unwrap();
        let Value::List(items) = &d.value else { panic!("{d:?}") };
        assert_eq!(items.iter().map(|i| i.line).collect::<Vec<_>>(), [7, 8]);
        let Value::List(items) = &table.get("s").unwrap().value else { panic!() };
        assert_eq!(items.iter().map(|i| i.line).collect::<Vec<_>>(), [10, 12]);
        assert_eq!(items[1].value.json(), serde_json::json!({"u": "2026-01-01"}));
    }

    #[test]
    fn every_place_that_is_no_toml_is_named() {
        let syntax = parse("a = \nb = 1\nc = = 2\n").unwrap_err();
        assert_eq!(syntax.iter().map(|s| s.line).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(parse("a = 1\na = 2\n").unwrap_err()[0].line, 2);
        assert_eq!(parse("\na = 99999999999999999999\n").unwrap_err()[0].line, 2);
    }

    #[test]
    fn a_path_can_be_taken_away() {
        let mut table = parse("[a.b]\nc = 1\nd = 2\n").unwrap();
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        assert!(table.remove(&path("a.b.c")));
        assert!(!table.remove(&path("a.b.c")));
        assert!(!table.remove(&path("a.b.d.e")));
        assert_eq!(table, {
            let mut rest = parse("[a.b]\n\nd = 2\n").unwrap();
            assert!(!rest.remove(&path("x")));
            rest
        });
    }
}
