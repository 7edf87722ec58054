//! Which version is wanted.

use std::path::Path;

use loom_source::Selector;
use serde_json::{Value, json};

use crate::config::{
    Problem,
    setting_type::{SettingType, ShownValue},
};

impl SettingType for Selector {
    const FORM: &'static str = "latest, a version (0.2.0), a range (0.2, ^0.2, >=0.1,<0.3) or dev";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        text.parse().map_err(|_| Problem::invalid(Self::FORM, text))
    }

    fn schema() -> Value {
        json!({"type": "string", "examples": ["latest", "0.2.0", "^0.2"]})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.to_string().into())
    }
}
