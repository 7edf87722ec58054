//! Times, numbers and digests in signed documents, of which every value has exactly one text.

use std::time::{Duration, SystemTime};

use loom_base::time::{format_rfc3339, parse_rfc3339};
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

use super::MAX_NUMBER;
use crate::Digest;

/// The time of a text in exactly the form `2026-01-02T03:04:05Z`; `None` for any other text.
pub(in crate::record) fn parse(text: &str) -> Option<SystemTime> {
    parse_rfc3339(text).filter(|time| format_rfc3339(*time) == text)
}

/// Writes a time in whole seconds.
pub(super) fn serialize<S: Serializer>(
    time: &SystemTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_rfc3339(*time))
}

/// Reads a time.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<SystemTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    let shown: String = text.chars().take(40).collect();
    let wrong =
        || D::Error::custom(format_args!("expected a time as 2026-01-02T03:04:05Z, got {shown:?}"));
    parse(&text).ok_or_else(wrong)
}

/// Reads a number from 1 to [`MAX_NUMBER`].
pub(super) fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match u64::deserialize(deserializer)? {
        number @ 1..=MAX_NUMBER => Ok(number),
        other => {
            let why = format_args!("expected a number from 1 to {MAX_NUMBER}, got {other}");
            Err(D::Error::custom(why))
        }
    }
}

/// Reads a digest in 64 lower-case hexadecimal digits.
pub(super) fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digest: Option<Digest> = text.parse().ok();
    let wrong = || D::Error::custom("expected a digest in 64 lower-case hexadecimal digits");
    digest.filter(|digest| digest.to_string() == text).ok_or_else(wrong)
}

/// Checks that a document is valid for some time, and for no longer than `longest`.
pub(in crate::record) fn check_validity(
    issued: SystemTime,
    expires: SystemTime,
    longest: Duration,
) -> Result<(), String> {
    let (from, until) = (format_rfc3339(issued), format_rfc3339(expires));
    let valid = expires.duration_since(issued).unwrap_or_default();
    if valid.is_zero() {
        return Err(format!(
            "it expires at {until}, which is not after {from}, when it was issued"
        ));
    }
    if valid > longest {
        let days = longest.as_secs() / 86_400;
        return Err(format!("it is valid from {from} to {until}, longer than {days} days"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_form() {
        assert!(parse("2026-01-02T03:04:05Z").is_some());
        for bad in [
            "",
            "2026-01-02T03:04:05.0Z",
            "2026-01-02T03:04:05",
            "2026-01-02t03:04:05z",
            "2026-01-02 03:04:05Z",
            "2026-01-02T03:04:60Z",
            "2026-01-02T24:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-02T03:04:05+00:00",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
