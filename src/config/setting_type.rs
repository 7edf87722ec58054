//! [`SettingType`]: a type that settings can have.

use std::{ffi::OsStr, path::Path};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{
    Problem, RawValue,
    key_path::KeyPath,
    reader::ValueReader,
    tree::{TomlNode, TomlValue},
};

/// A type that settings can have: how its values are read from files and variables, and how they are displayed.
pub(crate) trait SettingType: Clone + 'static {
    /// The form of a value, for messages and the reference: `true or false`.
    const FORM: &'static str;

    /// Whether values are secrets.
    const IS_SECRET: bool = false;

    /// Whether a value that names variables is shown as written. Where it is not, [`shown`](Self::shown) shows no value of
    /// a variable.
    const SHOWN_AS_WRITTEN: bool = true;

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
                let problem = match (problem, &node.value) {
                    // What a variable expanded to is not shown.
                    (Problem::Invalid { expected, .. }, TomlValue::Text(written))
                        if *written != text =>
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

    /// A value as written in a file, for display: secrets in it are masked.
    fn masked(written: TomlValue) -> TomlValue {
        match &written {
            TomlValue::Text(text) if names_variable(text) => written,
            _ if Self::IS_SECRET => TomlValue::Text(MASK.to_owned()),
            _ => written,
        }
    }

    /// Whether the value means the same as if nothing was set, so that a short display leaves it out.
    fn is_off(&self) -> bool {
        false
    }
}

/// What is shown in place of a secret.
pub(crate) const MASK: &str = "***";

/// Whether the text is `${NAME}` and nothing else.
fn names_variable(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
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
    /// The value where a file has it as `written`, with variables.
    pub(crate) fn with_written(self, written: Value) -> Self {
        match self {
            Self::Plain(value) | Self::Raw(RawValue { value, .. }) => {
                Self::Raw(RawValue { value, written })
            }
            Self::Absent | Self::Secret(_) => self,
        }
    }

    /// The value as JSON. Without `secrets`, a secret is `***`.
    pub fn json(&self, secrets: bool) -> Value {
        match self {
            Self::Absent => Value::Null,
            Self::Plain(value) => value.clone(),
            Self::Secret(text) if secrets => text.expose_secret().into(),
            Self::Secret(_) => MASK.into(),
            Self::Raw(raw) if secrets => raw.value.clone(),
            Self::Raw(raw) => raw.written.clone(),
        }
    }
}
