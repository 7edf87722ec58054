//! What the store keeps: a number of versions, a number of bytes.

use std::path::Path;

use serde_json::{Value, json};

use crate::config::{
    ByteSize, Problem, VersionCount,
    key_path::KeyPath,
    reader::ValueReader,
    setting_type::{SettingType, ShownValue},
    tree::{TomlNode, TomlValue},
};

impl SettingType for VersionCount {
    const FORM: &'static str = r#"a number of versions, or "all""#;

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        text.parse().map_err(|_| Problem::invalid(Self::FORM, text))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        if let TomlValue::Integer(_) = node.value {
            return u32::read(node, path, reader).map(Self::Newest);
        }
        let text = reader.text(node, path, Self::FORM)?;
        let read = Self::parse(&text, &reader.folder());
        read.map_err(|problem| reader.problem(path, node.line, problem)).ok()
    }

    fn schema() -> Value {
        json!({"anyOf": [{"type": "integer", "minimum": 0, "maximum": u32::MAX}, {"enum": ["all"]}]})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(match self {
            Self::All => "all".into(),
            Self::Newest(number) => (*number).into(),
        })
    }
}

impl SettingType for ByteSize {
    const FORM: &'static str = r#"a number of bytes such as "20GiB" or "500MB""#;

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        text.parse().map_err(|_| Problem::invalid(Self::FORM, text))
    }

    /// A number without quotes is refused with the text that it would be.
    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        if let TomlValue::Integer(number) = node.value {
            let expected = format!(r#"a text with {}, or "{}""#, Self::FORM, number.unsigned_abs());
            let got = format!("the number {number}");
            reader.problem(path, node.line, Problem::OutOfRange { expected, got });
            return None;
        }
        let text = reader.text(node, path, Self::FORM)?;
        let read = Self::parse(&text, &reader.folder());
        read.map_err(|problem| reader.problem(path, node.line, problem)).ok()
    }

    fn schema() -> Value {
        json!({"type": "string", "examples": ["20GiB", "500MB"]})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.to_string().into())
    }
}
