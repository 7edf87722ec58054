//! Lists, tables of names, and anything at all.

use serde_json::{Value as Json, json};

use super::{
    RawValue,
    read::{KeyPath, Read, Reader, Spanned},
    tree::{Node, Value},
};

impl<T: Read> Read for Vec<T> {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::List(items) = &node.value else {
            reader.wrong_type(path, node, "a list");
            return None;
        };
        let read: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, item)| T::read(item, &path.index(index), reader))
            .collect();
        read.into_iter().collect()
    }
    fn schema() -> Json {
        json!({"type": "array", "items": T::schema()})
    }
}

/// A table whose keys are names, in the order of the file.
#[derive(Debug, Clone)]
pub(crate) struct Named<T>(pub(crate) Vec<(String, Spanned<T>)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Read> Read for Named<T> {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            reader.wrong_type(path, node, "a table");
            return None;
        };
        let mut named = Vec::new();
        for entry in &table.0 {
            if let Some(value) = T::read(&entry.node, &path.key(&entry.key), reader) {
                named.push((entry.key.clone(), Spanned { value, line: entry.line }));
            }
        }
        Some(Self(named))
    }
    fn schema() -> Json {
        json!({"type": "object", "additionalProperties": T::schema()})
    }
}

/// Anything at all; variables in its texts are expanded.
impl Read for Json {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.value {
            Value::Text(_) => reader.text(node, path, "text").map(Json::String),
            Value::List(_) => Vec::<Json>::read(node, path, reader).map(Json::Array),
            Value::Table(_) => {
                let Named(named) = Named::<Json>::read(node, path, reader)?;
                Some(named.into_iter().map(|(key, at)| (key, at.value)).collect())
            }
            plain => Some(plain.json()),
        }
    }
    fn schema() -> Json {
        json!({})
    }
}

/// One value of a free-form table.
#[derive(Debug, Clone)]
pub(crate) struct Anything(pub(crate) RawValue);

impl Read for Anything {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let value = Json::read(node, path, reader)?;
        Some(Self(RawValue { value, written: node.value.json() }))
    }
    fn schema() -> Json {
        Json::schema()
    }
}

impl Read for RawValue {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(node.value, Value::Table(_)) {
            reader.wrong_type(path, node, "a table");
            return None;
        }
        let value = Json::read(node, path, reader)?;
        Some(Self { value, written: node.value.json() })
    }
    fn schema() -> Json {
        json!({"type": "object"})
    }
}
