//! Booleans and numbers.

use std::path::Path;

use serde_json::{Value, json};

use crate::config::{
    Problem,
    key_path::KeyPath,
    reader::ValueReader,
    setting_type::{SettingType, ShownValue},
    tree::{TomlNode, TomlValue},
};

impl SettingType for bool {
    const FORM: &'static str = "true or false";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(Problem::invalid("true or false (1 or 0, yes or no, on or off)", text)),
        }
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        if let TomlValue::Bool(value) = node.value {
            return Some(value);
        }
        reader.wrong_type(path, node, Self::FORM);
        None
    }

    fn schema() -> Value {
        json!({"type": "boolean"})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain((*self).into())
    }

    fn is_off(&self) -> bool {
        !self
    }
}

/// Implements [`SettingType`] for an unsigned integer.
macro_rules! integer {
    ($type:ty, $form:literal) => {
        impl SettingType for $type {
            const FORM: &'static str = $form;

            fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
                text.parse().map_err(|_| Problem::invalid(Self::FORM, text))
            }

            fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
                let TomlValue::Integer(written) = node.value else {
                    reader.wrong_type(path, node, Self::FORM);
                    return None;
                };
                let value = Self::try_from(written).ok();
                if value.is_none() {
                    out_of_range(node, path, reader, Self::FORM, written);
                }
                value
            }

            fn schema() -> Value {
                json!({"type": "integer", "minimum": 0, "maximum": Self::MAX})
            }

            fn shown(&self) -> ShownValue {
                ShownValue::Plain((*self).into())
            }
        }
    };
}
integer!(u16, "an integer from 0 to 65535");
integer!(u32, "an integer from 0 to 4294967295");

impl SettingType for f64 {
    const FORM: &'static str = "a number from 0 to 2";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        let number = text.parse().ok().filter(|number| in_range(*number));
        number.ok_or_else(|| Problem::invalid(Self::FORM, text))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        let number = read_number(node, path, reader, Self::FORM)?;
        if !in_range(number) {
            out_of_range(node, path, reader, Self::FORM, number);
            return None;
        }
        Some(number)
    }

    fn schema() -> Value {
        json!({"type": "number", "minimum": 0, "maximum": 2})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain((*self).into())
    }
}

/// The range of `temperature`.
fn in_range(number: f64) -> bool {
    (0.0..=2.0).contains(&number)
}

/// A number with or without a fraction; records a value of another type.
pub(super) fn read_number(
    node: &TomlNode,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
    expected: &str,
) -> Option<f64> {
    match node.value {
        TomlValue::Float(value) => Some(value),
        TomlValue::Integer(value) => Some(value as f64),
        _ => {
            reader.wrong_type(path, node, expected);
            None
        }
    }
}

pub(super) fn out_of_range(
    node: &TomlNode,
    path: &KeyPath,
    reader: &mut ValueReader<'_>,
    expected: &str,
    got: impl ToString,
) {
    let problem = Problem::OutOfRange { expected: expected.to_owned(), got: got.to_string() };
    reader.problem(path, node.line, problem);
}
