//! [`RawValue`]: a value of any type, as written and expanded.

use std::fmt;

use serde_json::Value;

/// A value of any type: as written, and with its variables expanded.
#[derive(Clone, PartialEq)]
pub struct RawValue {
    /// The value with its variables expanded; may hold secrets.
    pub value: Value,
    /// The value as written, for display.
    pub written: Value,
}

impl fmt::Debug for RawValue {
    /// The value as written: the expanded one may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.written.fmt(f)
    }
}
