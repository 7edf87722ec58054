//! A time in a document: RFC 3339 in UTC, with nanoseconds.

use std::time::SystemTime;

use loom_base::time::{format_rfc3339_nanos, parse_rfc3339};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A time in a document, exact to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::acquire) struct Timestamp(pub(in crate::acquire) SystemTime);

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format_rfc3339_nanos(self.0))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = parse_rfc3339(&text);
        time.map(Self).ok_or_else(|| D::Error::custom("expected a time in RFC 3339"))
    }
}
