//! The kinds of values that stand in a document: how each is read and what its schema is.

use std::{path::PathBuf, time::Duration};

use loom_source::Selector;
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use url::Url;

use super::{
    Address, Layout, Mode, OnFailure, UpdatePolicy,
    read::{KeyPath, Read, Reader},
    tree::{Node, Value},
};
use crate::trust::{Checksum, Signature};

/// Reads one of a few words.
macro_rules! choice {
    ($type:ty { $($word:literal => $value:expr),+ $(,)? }) => {
        impl Read for $type {
            fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
                let words: &[&str] = &[$($word),+];
                let expected = words.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>().join(" or ");
                reader.parsed(node, path, &expected, |text| match text {
                    $($word => Some($value),)+
                    _ => None,
                })
            }
            fn schema() -> Json {
                json!({"enum": [$($word),+]})
            }
        }
    };
}

choice!(Mode { "full" => Self::Full, "bridge-only" => Self::BridgeOnly });
choice!(Checksum { "required" => Self::Required, "if-available" => Self::IfAvailable });
choice!(Signature { "required" => Self::Required, "optional" => Self::Optional });
choice!(UpdatePolicy { "notify" => Self::Notify, "auto" => Self::Auto, "off" => Self::Off });
choice!(OnFailure { "next" => Self::Next, "stop" => Self::Stop });
choice!(Layout { "store" => Self::Store, "release" => Self::Release });

impl Read for String {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        reader.text(node, path, "text")
    }
    fn schema() -> Json {
        json!({"type": "string"})
    }
}

impl Read for bool {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        if let Value::Bool(value) = node.value {
            return Some(value);
        }
        reader.wrong_type(path, node, "true or false");
        None
    }
    fn schema() -> Json {
        json!({"type": "boolean"})
    }
}

/// Reads whole numbers that fit the type.
macro_rules! whole {
    ($($type:ty),+) => {$(
        impl Read for $type {
            fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
                let expected = format!("a whole number from 0 to {}", <$type>::MAX);
                let Value::Integer(written) = node.value else {
                    reader.wrong_type(path, node, &expected);
                    return None;
                };
                let value = <$type>::try_from(written).ok();
                if value.is_none() {
                    reader.mistake(path, node.line, format!("expected {expected}, got {written}"));
                }
                value
            }
            fn schema() -> Json {
                json!({"type": "integer", "minimum": 0, "maximum": <$type>::MAX})
            }
        }
    )+};
}
whole!(u16, u32);

/// `temperature`: a number from 0 to 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Temperature(pub(crate) f64);

impl Read for Temperature {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let number = match node.value {
            Value::Float(value) => value,
            Value::Integer(value) => value as f64,
            _ => {
                reader.wrong_type(path, node, "a number from 0 to 2");
                return None;
            }
        };
        if !(0.0..=2.0).contains(&number) {
            reader.mistake(path, node.line, format!("expected a number from 0 to 2, got {number}"));
            return None;
        }
        Some(Self(number))
    }
    fn schema() -> Json {
        json!({"type": "number", "minimum": 0, "maximum": 2})
    }
}

/// `timeout_sec`: whole seconds, at least one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl Read for Seconds {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let seconds = u32::read(node, path, reader)?;
        if seconds == 0 {
            reader.mistake(path, node.line, "expected at least 1 second, got 0");
            return None;
        }
        Some(Self(Duration::from_secs(seconds.into())))
    }
    fn schema() -> Json {
        json!({"type": "integer", "minimum": 1, "maximum": u32::MAX})
    }
}

impl Read for Duration {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let expected = r#"a duration such as "10s", "5m" or "24h""#;
        reader.parsed(node, path, expected, |text| humantime::parse_duration(text).ok())
    }
    fn schema() -> Json {
        json!({"type": "string", "examples": ["10s", "5m", "24h", "7days"]})
    }
}

/// A number of bytes: a whole number, or text with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl Size {
    /// `1024`, `500 MB` (powers of 1000), `10GiB` (powers of 1024).
    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1000,
            "mb" => 1000_u64.pow(2),
            "gb" => 1000_u64.pow(3),
            "tb" => 1000_u64.pow(4),
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            "tib" => 1 << 40,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(factor).map(Self)
    }
}

impl Read for Size {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        if let Value::Integer(bytes) = node.value
            && let Ok(bytes) = u64::try_from(bytes)
        {
            return Some(Self(bytes));
        }
        reader.parsed(node, path, r#"a size such as "500MB" or "10GiB""#, Self::parse)
    }
    fn schema() -> Json {
        json!({"type": ["string", "integer"], "minimum": 0, "examples": ["500MB", "10GiB"]})
    }
}

impl Read for Address {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        reader.parsed(node, path, "host:port, such as 127.0.0.1:50051", |text| text.parse().ok())
    }
    fn schema() -> Json {
        json!({"type": "string", "examples": ["127.0.0.1:50051"]})
    }
}

/// A host name or IP address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host(pub(crate) String);

impl Host {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Ok(v6) = text.trim_matches(['[', ']']).parse::<std::net::Ipv6Addr>() {
            return Some(Self(v6.to_string()));
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-' || b == b'_';
        (!text.is_empty() && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }
}

impl Read for Host {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        reader.parsed(node, path, "a host, such as 127.0.0.1 or localhost", Self::parse)
    }
    fn schema() -> Json {
        json!({"type": "string", "examples": ["127.0.0.1"]})
    }
}

impl Read for Selector {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let expected = "latest, a version (0.2.0), a range (0.2, ^0.2, >=0.1,<0.3) or dev";
        reader.parsed(node, path, expected, |text| text.parse().ok())
    }
    fn schema() -> Json {
        json!({"type": "string", "examples": ["latest", "0.2.0", "^0.2"]})
    }
}

/// A secret, and whether it stands in the file as it is.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) value: SecretString,
    pub(crate) literal: bool,
}

impl Read for Key {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let literal = match &node.value {
            Value::Text(text) => !super::expand::has_variables(text),
            _ => false,
        };
        Some(Self { value: reader.text(node, path, "text")?.into(), literal })
    }
    fn schema() -> Json {
        String::schema()
    }
}

impl Read for SecretString {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        reader.text(node, path, "text").map(Self::from)
    }
    fn schema() -> Json {
        String::schema()
    }
}

/// The http(s) address of an API, kept as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiBase(pub(crate) String);

impl ApiBase {
    pub(crate) const EXPECTED: &'static str = "an address such as https://api.example.com";

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| Self(text.to_owned()))
    }
}

impl Read for ApiBase {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        reader.parsed(node, path, Self::EXPECTED, Self::parse)
    }
    fn schema() -> Json {
        json!({"type": "string", "format": "uri"})
    }
}

/// Text of a source, in which variables have no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal(pub(crate) String);

impl Read for Literal {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.literal(node, path, "text")?;
        if text.is_empty() {
            reader.mistake(path, node.line, "it must not be empty");
            return None;
        }
        Some(Self(text))
    }
    fn schema() -> Json {
        json!({"type": "string", "minLength": 1})
    }
}

/// The http(s) address of a service that belongs to a source.
impl Read for Url {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.literal(node, path, "an address")?;
        let url = Url::parse(&text).ok().filter(|url| url.has_host());
        if url.is_none() {
            reader.mistake(path, node.line, "expected an address such as https://example.com");
        }
        url
    }
    fn schema() -> Json {
        json!({"type": "string", "format": "uri"})
    }
}

/// A path of a source; relative ones mean beside the file.
impl Read for PathBuf {
    fn read(node: &Node, path: &KeyPath, reader: &mut Reader<'_>) -> Option<Self> {
        let Literal(text) = Literal::read(node, path, reader)?;
        Some(super::shorthand::clean(&reader.folder().join(text)))
    }
    fn schema() -> Json {
        json!({"type": "string", "minLength": 1})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("1024", Some(1024)),
            ("500MB", Some(500_000_000)),
            ("10 GiB", Some(10 << 30)),
            ("1tib", Some(1 << 40)),
            ("", None),
            ("GB", None),
            ("1.5GB", None),
            ("-1", None),
            ("1 XB", None),
            ("99999999999TB", None),
        ] {
            assert_eq!(Size::parse(text), bytes.map(Size), "{text}");
        }
    }

    #[test]
    fn addresses_have_a_host_and_a_port() {
        for (text, shown) in [
            ("127.0.0.1:50051", Some("127.0.0.1:50051")),
            ("localhost:0", Some("localhost:0")),
            ("[::1]:80", Some("[::1]:80")),
            ("[0:0::1]:80", Some("[::1]:80")),
            ("50051", None),
            (":1", None),
            ("h:", None),
            ("h:99999", None),
            ("::1:80", None),
            ("http://h:1", None),
            ("[h]:1", None),
        ] {
            let parsed = text.parse::<Address>().map(|a| a.to_string()).ok();
            assert_eq!(parsed.as_deref(), shown, "{text}");
        }
        for (text, host) in
            [("::1", Some("::1")), ("a.b-c", Some("a.b-c")), ("a:1", None), ("", None)]
        {
            assert_eq!(Host::parse(text).map(|h| h.0).as_deref(), host, "{text}");
        }
    }
}
