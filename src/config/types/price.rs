//! The price of tokens.

use std::path::Path;

use loom_environment::price::HIGHEST_PRICE;
use serde_json::{Value, json};

use super::number::{out_of_range, read_number};
use crate::config::{
    Problem,
    key_path::KeyPath,
    reader::ValueReader,
    setting_type::{SettingType, ShownValue},
    tree::TomlNode,
};

/// The price of one million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Price(pub(crate) f64);

impl Price {
    fn new(number: f64) -> Option<Self> {
        (0.0..=HIGHEST_PRICE).contains(&number).then_some(Self(number))
    }
}

impl SettingType for Price {
    const FORM: &'static str = "a number from 0 to 1000000";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        text.parse().ok().and_then(Self::new).ok_or_else(|| Problem::invalid(Self::FORM, text))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        let number = read_number(node, path, reader, Self::FORM)?;
        let price = Self::new(number);
        if price.is_none() {
            out_of_range(node, path, reader, Self::FORM, number);
        }
        price
    }

    fn schema() -> Value {
        json!({"type": "number", "minimum": 0, "maximum": HIGHEST_PRICE})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.0.into())
    }
}
