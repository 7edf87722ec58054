//! Duration settings.

use std::{path::Path, time::Duration};

use loom_base::{DailyWindow, time::duration_text};
use serde_json::{Value, json};

use super::number::out_of_range;
use crate::config::{
    Problem,
    key_path::KeyPath,
    reader::ValueReader,
    setting_type::{SettingType, ShownValue},
    tree::TomlNode,
};

/// More characters than any time span has.
const LONGEST_WINDOW: usize = 32;

impl SettingType for Duration {
    const FORM: &'static str = r#"a duration such as "10s", "5m" or "24h""#;

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        humantime::parse_duration(text).map_err(|_| Problem::invalid(Self::FORM, text))
    }

    fn schema() -> Value {
        json!({"type": "string", "examples": ["10s", "5m", "24h", "7days"]})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(duration_text(*self).into())
    }
}

/// A duration longer than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Positive(pub(crate) Duration);

impl SettingType for Positive {
    const FORM: &'static str = r#"a duration longer than 0, such as "10s", "5m" or "24h""#;

    fn parse(text: &str, base: &Path) -> Result<Self, Problem> {
        match Duration::parse(text, base) {
            Ok(duration) if !duration.is_zero() => Ok(Self(duration)),
            _ => Err(Problem::invalid(Self::FORM, text)),
        }
    }

    fn schema() -> Value {
        Duration::schema()
    }

    fn shown(&self) -> ShownValue {
        self.0.shown()
    }
}

/// A duration in whole seconds, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl Seconds {
    pub(crate) const fn new(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl SettingType for Seconds {
    const FORM: &'static str = "an integer from 1 to 4294967295";

    fn parse(text: &str, base: &Path) -> Result<Self, Problem> {
        match u32::parse(text, base) {
            Ok(seconds) if seconds > 0 => Ok(Self::new(seconds.into())),
            _ => Err(Problem::invalid(Self::FORM, text)),
        }
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        let seconds = u32::read(node, path, reader)?;
        if seconds == 0 {
            out_of_range(node, path, reader, Self::FORM, seconds);
            return None;
        }
        Some(Self::new(seconds.into()))
    }

    fn schema() -> Value {
        json!({"type": "integer", "minimum": 1, "maximum": u32::MAX})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.0.as_secs().into())
    }
}

impl SettingType for DailyWindow {
    const FORM: &'static str = r#"a time span in UTC such as "02:00-04:00""#;

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        text.parse().map_err(|_| match is_like_a_window(text) {
            true => Problem::Invalid { expected: Self::FORM.to_owned(), got: text.to_owned() },
            false => Problem::invalid(Self::FORM, text),
        })
    }

    fn schema() -> Value {
        json!({"type": "string", "examples": ["02:00-04:00", "22:00-02:00"]})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.to_string().into())
    }
}

/// Whether a text that is no window is made of what people write times with: then what follows a colon is no password.
fn is_like_a_window(text: &str) -> bool {
    let is_of_time =
        |c: char| c.is_ascii_digit() || ":-. +/hamputcz".contains(c.to_ascii_lowercase());
    text.len() <= LONGEST_WINDOW && text.chars().all(is_of_time)
}
