//! What the history of runs keeps and where.

use std::{ffi::OsStr, path::Path};

use loom_environment::{ContentPolicy, HistoryChoice, HistorySize};
use serde_json::{Value, json};

use crate::config::{
    ByteSize, Problem,
    key_path::KeyPath,
    reader::ValueReader,
    setting_type::{SettingType, ShownValue},
    tree::TomlNode,
};

/// A relative path begins at the folder of the file that names it.
impl SettingType for HistoryChoice {
    const FORM: &'static str = r#"a path, "memory" or "off""#;

    fn parse(text: &str, base: &Path) -> Result<Self, Problem> {
        if text.trim().is_empty() {
            return Err(Problem::invalid(Self::FORM, text));
        }
        Self::from_variable(text.as_ref(), base)
    }

    fn from_variable(value: &OsStr, base: &Path) -> Result<Self, Problem> {
        Ok(match Self::of(value) {
            Self::File(path) => Self::File(base.join(path)),
            word => word,
        })
    }

    fn schema() -> Value {
        json!({"type": "string", "minLength": 1, "examples": ["off", "memory", "history.db"]})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.to_string().into())
    }
}

impl SettingType for HistorySize {
    const FORM: &'static str = r#"a number of bytes from 2MiB, such as "256MiB""#;

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        text.parse().map_err(|_| Problem::invalid(Self::FORM, text))
    }

    /// As that of [`ByteSize`], with a lower limit.
    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        let size = ByteSize::read(node, path, reader)?;
        if size < Self::SMALLEST {
            let problem = Problem::invalid(Self::FORM, size.to_string());
            reader.problem(path, node.line, problem);
            return None;
        }
        Some(Self(size))
    }

    fn schema() -> Value {
        json!({"type": "string", "examples": ["256MiB", "1GiB"]})
    }

    fn shown(&self) -> ShownValue {
        self.0.shown()
    }
}

impl SettingType for ContentPolicy {
    const FORM: &'static str = r#""auto", "on" or "off""#;

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        text.parse().map_err(|_| Problem::invalid(Self::FORM, text))
    }

    fn schema() -> Value {
        json!({"enum": ["auto", "on", "off"]})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.to_string().into())
    }
}
