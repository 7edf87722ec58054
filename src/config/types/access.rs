//! Users and hosts that may use the runtime.

use std::path::Path;

use loom_environment::{HostNames, UserIds};
use serde_json::{Value, json};

use super::read_list;
use crate::config::{
    Problem,
    key_path::KeyPath,
    reader::ValueReader,
    setting_type::{SettingType, ShownValue},
    tree::TomlNode,
};

impl SettingType for UserIds {
    const FORM: &'static str = "a list of user ids, such as 33,1001";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        text.parse().map_err(|_| Problem::invalid(Self::FORM, text))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        read_list(node, path, reader, u32::read).map(Self)
    }

    fn schema() -> Value {
        json!({"type": "array", "items": u32::schema()})
    }

    fn shown(&self) -> ShownValue {
        if self.is_off() { ShownValue::Absent } else { ShownValue::Plain(json!(self.0)) }
    }

    fn is_off(&self) -> bool {
        self.0.is_empty()
    }
}

impl SettingType for HostNames {
    const FORM: &'static str = "a list of host names without ports, such as loom.example";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        text.parse().map_err(|_| Problem::invalid(Self::FORM, text))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        let names = read_list(node, path, reader, read_host_name)?;
        Self::new(names.iter().map(String::as_str)).ok()
    }

    fn schema() -> Value {
        json!({"type": "array", "items": String::schema()})
    }

    fn shown(&self) -> ShownValue {
        if self.is_off() { ShownValue::Absent } else { ShownValue::Plain(json!(self.as_slice())) }
    }

    fn is_off(&self) -> bool {
        self.as_slice().is_empty()
    }
}

fn read_host_name(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<String> {
    let name = String::read(node, path, reader)?;
    if HostNames::new([name.as_str()]).is_ok() {
        return Some(name);
    }
    // As written: what a variable expanded to is not shown.
    let written = node.value.json();
    let got = written.as_str().unwrap_or_default();
    reader.problem(path, node.line, Problem::invalid(HostNames::FORM, got));
    None
}
