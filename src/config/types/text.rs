//! Strings, and lists of them.

use std::path::Path;

use loom_source::Name;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::config::{
    Problem,
    expand::has_variables,
    key_path::KeyPath,
    reader::ValueReader,
    setting_type::{SettingType, ShownValue},
    tree::{TomlNode, TomlValue},
};

impl SettingType for String {
    const FORM: &'static str = "a string";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        Ok(text.to_owned())
    }

    fn schema() -> Value {
        json!({"type": "string"})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.as_str().into())
    }
}

/// A value that may be absent.
impl<T: SettingType> SettingType for Option<T> {
    const FORM: &'static str = T::FORM;
    const IS_SECRET: bool = T::IS_SECRET;
    const SHOWN_AS_WRITTEN: bool = T::SHOWN_AS_WRITTEN;

    fn parse(text: &str, base: &Path) -> Result<Self, Problem> {
        T::parse(text, base).map(Some)
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        T::read(node, path, reader).map(Some)
    }

    fn schema() -> Value {
        T::schema()
    }

    fn shown(&self) -> ShownValue {
        self.as_ref().map_or(ShownValue::Absent, T::shown)
    }

    fn masked(written: TomlValue) -> TomlValue {
        T::masked(written)
    }

    fn is_off(&self) -> bool {
        self.as_ref().is_none_or(T::is_off)
    }
}

/// Reads a list by a function for its items; `None` if it is not a list, or an item has a problem.
pub(crate) fn read_list<T>(
    node: &TomlNode,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
    read_item: fn(&TomlNode, &KeyPath, &mut ValueReader<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let TomlValue::List(items) = &node.value else {
        reader.wrong_type(path, node, "a list");
        return None;
    };
    let items = items.iter().enumerate();
    // All items are read, so that the problems of each are recorded.
    let read: Vec<_> =
        items.map(|(index, item)| read_item(item, &path.index(index), reader)).collect();
    read.into_iter().collect()
}

impl SettingType for Vec<String> {
    const FORM: &'static str = "a list of strings";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        Ok(text.split(',').map(|item| item.trim().to_owned()).collect())
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        read_list(node, path, reader, String::read)
    }

    fn schema() -> Value {
        json!({"type": "array", "items": String::schema()})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(json!(self))
    }
}

impl SettingType for Name {
    const FORM: &'static str = "a name";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        text.parse().map_err(|_| Problem::invalid(Self::FORM, text))
    }

    fn schema() -> Value {
        String::schema()
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.as_ref().into())
    }
}

impl SettingType for SecretString {
    const FORM: &'static str = "a string";
    const IS_SECRET: bool = true;

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        Ok(text.into())
    }

    fn schema() -> Value {
        String::schema()
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Secret(self.clone())
    }
}

/// A secret, with whether the file holds it as it is instead of the name of a variable.
#[derive(Debug, Clone)]
pub(crate) struct ApiKey {
    pub(crate) secret: SecretString,
    pub(crate) literal: bool,
}

impl SettingType for ApiKey {
    const FORM: &'static str = "a string";
    const IS_SECRET: bool = true;

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        match text.trim() {
            "" => Err(Problem::EmptySecret),
            text => Ok(Self { secret: text.into(), literal: false }),
        }
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        let literal = matches!(&node.value, TomlValue::Text(text) if !has_variables(text));
        let text = reader.text(node, path, Self::FORM)?;
        let parsed = Self::parse(&text, Path::new(""));
        let key = parsed.map_err(|problem| reader.problem(path, node.line, problem)).ok()?;
        Some(Self { literal, ..key })
    }

    fn schema() -> Value {
        String::schema()
    }

    fn shown(&self) -> ShownValue {
        self.secret.shown()
    }
}

/// Reads a string in which variables are not expanded.
pub(super) fn read_literal<T: SettingType>(
    node: &TomlNode,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
) -> Option<T> {
    let text = reader.literal(node, path, "a string")?;
    let parsed = T::parse(&text, Path::new(""));
    parsed.map_err(|problem| reader.problem(path, node.line, problem)).ok()
}

/// A string of a source, which is not empty and in which variables are not expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal(pub(crate) String);

impl SettingType for Literal {
    const FORM: &'static str = "a string that is not empty";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        if text.is_empty() {
            return Err(Problem::invalid(Self::FORM, text));
        }
        Ok(Self(text.to_owned()))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        read_literal(node, path, reader)
    }

    fn schema() -> Value {
        json!({"type": "string", "minLength": 1})
    }

    fn shown(&self) -> ShownValue {
        self.0.shown()
    }
}

/// A registry with the prefix of its repositories, as `host/prefix`. A login in it would be printed with each error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegistryPrefix(pub(crate) String);

impl SettingType for RegistryPrefix {
    const FORM: &'static str = "host/prefix, without http:// and without a login";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        if text.is_empty() || text.contains("://") || text.contains('@') {
            return Err(Problem::invalid(Self::FORM, text));
        }
        Ok(Self(text.to_owned()))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        read_literal(node, path, reader)
    }

    fn schema() -> Value {
        Literal::schema()
    }

    fn shown(&self) -> ShownValue {
        self.0.shown()
    }
}

/// The text before the version in a tag, which may be empty. Variables are not expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TagPrefix(pub(crate) String);

impl SettingType for TagPrefix {
    const FORM: &'static str = "a string";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        Ok(Self(text.to_owned()))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        reader.literal(node, path, Self::FORM).map(Self)
    }

    fn schema() -> Value {
        String::schema()
    }

    fn shown(&self) -> ShownValue {
        self.0.shown()
    }
}
