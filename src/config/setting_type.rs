//! [`SettingType`]: a type that settings can have.

use std::{ffi::OsStr, path::Path};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{
    Problem, RawValue, expand::has_variables, key_path::KeyPath, reader::ValueReader,
    tree::TomlNode,
};

/// A type that settings can have: how its values are read from files and variables, and how they are displayed.
pub(crate) trait SettingType: Clone + 'static {
    /// The form of a value, for messages and the reference: `true or false`.
    const FORM: &'static str;

    /// Whether values are secrets.
    const IS_SECRET: bool = false;

    /// Parses the text of an environment variable, or of a string in a file after its variables were expanded. Relative
    /// paths begin at `base`.
    ///
    /// # Errors
    /// What is wrong with the text.
    fn parse(text: &str, base: &Path) -> Result<Self, Problem>;

    /// The value of an environment variable.
    ///
    /// # Errors
    /// What is wrong with the value.
    fn from_variable(value: &OsStr, base: &Path) -> Result<Self, Problem> {
        Self::parse(value.to_str().ok_or(Problem::NotUtf8)?, base)
    }

    /// Reads a value of a file; records what is wrong with it, and then returns `None`.
    ///
    /// By default the value is a string, which [`parse`](Self::parse) understands.
    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        let text = reader.text(node, path, Self::FORM)?;
        Self::parse(&text, &reader.folder())
            .map_err(|problem| {
                let problem = match (problem, node.value.json().as_str()) {
                    // What a variable expanded to is not shown.
                    (Problem::Invalid { expected, .. }, Some(written))
                        if has_variables(written) =>
                    {
                        Problem::invalid(expected, written)
                    }
                    (problem, _) => problem,
                };
                reader.problem(path, node.line, problem);
            })
            .ok()
    }

    /// The JSON Schema of a value in a file.
    fn schema() -> Value;

    /// The value for display.
    fn shown(&self) -> ShownValue;

    /// Whether the value means the same as if nothing was set, so that a short display leaves it out.
    fn is_off(&self) -> bool {
        false
    }
}

/// A value for display.
#[derive(Debug, Clone)]
pub enum ShownValue {
    /// Not set, and without a default.
    Absent,
    /// A value that may be shown.
    Plain(Value),
    /// A value that is shown as `***`, unless secrets are asked for.
    Secret(SecretString),
    /// A value that is shown as written, unless secrets are asked for: its variables may hold some.
    Raw(RawValue),
}

impl ShownValue {
    /// The value as JSON. Without `secrets`, a secret is `***`.
    pub fn json(&self, secrets: bool) -> Value {
        match self {
            Self::Absent => Value::Null,
            Self::Plain(value) => value.clone(),
            Self::Secret(text) if secrets => text.expose_secret().into(),
            Self::Secret(_) => "***".into(),
            Self::Raw(raw) if secrets => raw.value.clone(),
            Self::Raw(raw) => raw.written.clone(),
        }
    }
}
