//! Reading typed tables out of a document, collecting every mistake on the way.
//!
//! The macro [`table!`] is the one place where a table's keys are written down: the struct, the
//! reader, the «did you mean» and the JSON Schema all come from it and cannot drift apart.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::{
    ConfigLocation, Diagnostic,
    expand::{Unexpandable, expand, has_variables},
    tree::{Node, Value},
};

/// Whose file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    User,
    Project,
}

/// A value and the line it stands on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) line: usize,
}

/// A place in a document, such as `sources[0].url`.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyPath(String);

impl KeyPath {
    pub(crate) fn key(&self, key: &str) -> Self {
        let key = quoted(key);
        Self(if self.0.is_empty() { key } else { format!("{}.{key}", self.0) })
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key as TOML writes it.
pub(crate) fn quoted(key: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !key.is_empty() && key.bytes().all(bare) { key.to_owned() } else { format!("{key:?}") }
}

/// What reading one file needs and finds.
pub(crate) struct Reader<'a> {
    pub(crate) file: &'a Path,
    pub(crate) layer: Layer,
    /// The value of a variable for `${…}`.
    pub(crate) variables: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) mistakes: Vec<Diagnostic>,
}

impl Reader<'_> {
    pub(crate) fn place(&self, path: &KeyPath, line: usize) -> ConfigLocation {
        ConfigLocation::File { file: self.file.to_owned(), line, key: path.as_str().to_owned() }
    }

    pub(crate) fn mistake(&mut self, path: &KeyPath, line: usize, message: impl Into<String>) {
        self.mistakes.push(Diagnostic::new(self.place(path, line), message));
    }

    pub(crate) fn wrong_type(&mut self, path: &KeyPath, node: &Node, expected: &str) {
        let message = format!("expected {expected}, got {}", node.value.kind());
        self.mistake(path, node.line, message);
    }

    /// A relative path in a file means: beside the file.
    pub(crate) fn folder(&self) -> PathBuf {
        self.file.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// The text of a node with its variables expanded.
    pub(crate) fn text(&mut self, node: &Node, path: &KeyPath, expected: &str) -> Option<String> {
        let Value::Text(text) = &node.value else {
            self.wrong_type(path, node, expected);
            return None;
        };
        match expand(text, self.variables) {
            Ok(text) => Some(text),
            Err(Unexpandable::Missing(name)) => {
                let message = format!("the variable {name} is not set");
                self.mistakes.push(
                    Diagnostic::new(self.place(path, node.line), message)
                        .hint(format!("set {name}, or write ${{{name}:-default}}")),
                );
                None
            }
            Err(Unexpandable::Malformed) => {
                self.mistakes.push(
                    Diagnostic::new(
                        self.place(path, node.line),
                        format!("{text:?} has a ${{ that names no variable"),
                    )
                    .hint("write ${NAME} or ${NAME:-default}, and $$ for one $"),
                );
                None
            }
        }
    }

    /// A text that says something of its own kind; the reason why not never shows what a variable held.
    pub(crate) fn parsed<T>(
        &mut self,
        node: &Node,
        path: &KeyPath,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(node, path, expected)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            let Value::Text(written) = &node.value else { return None };
            self.mistake(path, node.line, format!("expected {expected}, got {written:?}"));
        }
        parsed
    }

    /// A text in which variables have no place: addresses of sources.
    pub(crate) fn literal(
        &mut self,
        node: &Node,
        path: &KeyPath,
        expected: &str,
    ) -> Option<String> {
        match &node.value {
            Value::Text(text) if has_variables(text) => {
                self.mistakes.push(
                    Diagnostic::new(
                        self.place(path, node.line),
                        "variables are not expanded in sources",
                    )
                    .hint("write it out, or name the source in LOOM_SOURCES or by --source"),
                );
                None
            }
            Value::Text(text) => Some(text.clone()),
            _ => {
                self.wrong_type(path, node, expected);
                None
            }
        }
    }

    pub(crate) fn unknown(&mut self, path: &KeyPath, line: usize, key: &str, known: &[&str]) {
        let place = self.place(&path.key(key), line);
        let mistake = Diagnostic::new(place, "unknown key");
        self.mistakes.push(match nearest(key, known) {
            Some(near) => mistake.hint(format!("did you mean {near}?")),
            None => mistake.hint(format!("known here: {}", known.join(", "))),
        });
    }
}

/// The known word that was probably meant.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let word = word.to_ascii_lowercase().replace('-', "_");
    known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(&word, k), *k))
        .filter(|(distance, k)| *distance <= 1 + k.len().min(word.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}

/// A type that stands in a document.
pub(crate) trait Read: Sized {
    /// The value, or `None` after its mistakes were recorded.
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self>;

    /// Its JSON Schema.
    fn schema() -> Json;
}

/// One key of a table in the schema: its type's schema and what it is about.
pub(crate) fn described(schema: Json, about: &str) -> Json {
    let mut schema = schema;
    if let Json::Object(fields) = &mut schema {
        fields.entry("description").or_insert_with(|| about.trim().into());
    }
    schema
}

/// Writes down a table: its keys, their types and what they are about.
macro_rules! table {
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (
        #[doc = $about:literal]
        $name:ident { $( $(#[doc = $doc:literal])+ $field:ident $(as $key:literal)? : $type:ty, )+ }
    ) => {
        #[doc = $about]
        #[derive(Debug, Clone, Default)]
        pub(crate) struct $name {
            $( $(#[doc = $doc])+ pub(crate) $field: Option<$crate::config::read::Spanned<$type>>, )+
        }

        impl $name {
            pub(crate) const KEYS: &'static [&'static str] =
                &[$( $crate::config::read::table!(@key $field $($key)?) ),+];

            #[doc(hidden)]
            fn field(
                &mut self,
                entry: &$crate::config::tree::Entry,
                path: &$crate::config::read::KeyPath,
                reader: &mut $crate::config::read::Reader<'_>,
            ) -> bool {
                let inner = path.key(&entry.key);
                match entry.key.as_str() {
                    $( $crate::config::read::table!(@key $field $($key)?) => {
                        self.$field = $crate::config::read::Read::read(&entry.node, &inner, reader)
                            .map(|value| $crate::config::read::Spanned { value, line: entry.line });
                    } )+
                    _ => return false,
                }
                true
            }
        }

        impl $crate::config::read::Read for $name {
            fn read(
                node: &$crate::config::tree::Node,
                path: &$crate::config::read::KeyPath,
                reader: &mut $crate::config::read::Reader<'_>,
            ) -> Option<Self> {
                let $crate::config::tree::Value::Table(table) = &node.value else {
                    reader.wrong_type(path, node, "a table");
                    return None;
                };
                let mut read = Self::default();
                for entry in &table.0 {
                    if !read.field(entry, path, reader) {
                        reader.unknown(path, entry.line, &entry.key, Self::KEYS);
                    }
                }
                Some(read)
            }

            fn schema() -> serde_json::Value {
                let mut properties = serde_json::Map::new();
                $( properties.insert(
                    $crate::config::read::table!(@key $field $($key)?).to_owned(),
                    $crate::config::read::described(
                        <$type as $crate::config::read::Read>::schema(),
                        concat!($($doc),+),
                    ),
                ); )+
                serde_json::json!({
                    "type": "object",
                    "description": $about.trim(),
                    "properties": properties,
                    "additionalProperties": false,
                })
            }
        }
    };
}
pub(crate) use table;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_was_meant_is_found() {
        let known = ["address", "mode", "version", "timeout_sec", "api_key"];
        for (word, meant) in [
            ("adress", Some("address")),
            ("Version", Some("version")),
            ("timeout-sec", Some("timeout_sec")),
            ("timeout_secs", Some("timeout_sec")),
            ("apikey", Some("api_key")),
            ("mdoe", Some("mode")),
            ("port", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, &known), meant, "{word}");
        }
    }
}
