//! The file names of a source's assets.

use std::path::Path;

use loom_source::AssetNames;
use serde_json::{Value, json};

use super::text::read_literal;
use crate::config::{
    Problem,
    key_path::KeyPath,
    reader::ValueReader,
    setting_type::{SettingType, ShownValue},
    tree::TomlNode,
};

/// A pattern of the names of assets. Variables are not expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AssetSetting(pub(crate) AssetNames);

impl SettingType for AssetSetting {
    const FORM: &'static str =
        "a file name with {binary}, {version}, {platform}, {target}, {os} or {arch}";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        text.parse().map(Self).map_err(|_| Problem::invalid(Self::FORM, text))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        read_literal(node, path, reader)
    }

    fn schema() -> Value {
        json!({"type": "string", "minLength": 1, "maxLength": 200})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.0.to_string().into())
    }
}
