//! Values of any type.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::config::{
    Problem, RawValue,
    key_path::KeyPath,
    reader::ValueReader,
    setting_type::{SettingType, ShownValue},
    tree::{TomlNode, TomlValue},
};

impl SettingType for RawValue {
    const FORM: &'static str = "any value";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        Ok(Self { value: text.into(), written: text.into() })
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        Some(Self { value: expanded(node, path, reader)?, written: node.value.json() })
    }

    fn schema() -> Value {
        json!({})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Raw(self.clone())
    }
}

/// A table whose values have any type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RawTable(pub(crate) RawValue);

impl SettingType for RawTable {
    const FORM: &'static str = "a table";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        Err(Problem::invalid(Self::FORM, text))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        if !matches!(node.value, TomlValue::Table(_)) {
            reader.wrong_type(path, node, Self::FORM);
            return None;
        }
        RawValue::read(node, path, reader).map(Self)
    }

    fn schema() -> Value {
        json!({"type": "object"})
    }

    fn shown(&self) -> ShownValue {
        self.0.shown()
    }
}

/// The value as JSON, with the variables in its strings expanded. All problems are recorded.
fn expanded(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Value> {
    match &node.value {
        TomlValue::Text(_) => reader.text(node, path, "a string").map(Value::String),
        TomlValue::List(items) => {
            let items = items.iter().enumerate();
            let items: Vec<_> =
                items.map(|(index, item)| expanded(item, &path.index(index), reader)).collect();
            items.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
        }
        TomlValue::Table(table) => {
            let mut fields = Map::new();
            let mut complete = true;
            for entry in &table.0 {
                match expanded(&entry.node, &path.key(&entry.key), reader) {
                    Some(value) => drop(fields.insert(entry.key.clone(), value)),
                    None => complete = false,
                }
            }
            complete.then_some(Value::Object(fields))
        }
        plain => Some(plain.json()),
    }
}
