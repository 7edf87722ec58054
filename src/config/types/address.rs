//! Addresses, URLs and paths.

use std::{
    ffi::OsStr,
    net::Ipv6Addr,
    path::{Path, PathBuf},
};

use loom_base::{HostPort, redact};
use serde_json::{Value, json};
use url::Url;

use super::Literal;
use crate::config::{
    Problem,
    key_path::KeyPath,
    reader::ValueReader,
    setting_type::{SettingType, ShownValue},
    shorthand::clean,
    tree::{TomlNode, TomlValue},
};

impl SettingType for HostPort {
    const FORM: &'static str = "host:port, such as 127.0.0.1:50051";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        text.parse().map_err(|_| Problem::invalid(Self::FORM, text))
    }

    fn schema() -> Value {
        json!({"type": "string", "examples": ["127.0.0.1:50051"]})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.to_string().into())
    }
}

/// A host name or IP address to listen on, without brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListenHost(pub(crate) String);

impl SettingType for ListenHost {
    const FORM: &'static str = "a host, such as 127.0.0.1 or localhost";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        if let Ok(v6) = text.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
            return Ok(Self(v6.to_string()));
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-' || b == b'_';
        if text.is_empty() || !text.bytes().all(allowed) {
            return Err(Problem::invalid(Self::FORM, text));
        }
        Ok(Self(text.to_owned()))
    }

    fn schema() -> Value {
        json!({"type": "string", "examples": ["127.0.0.1"]})
    }

    fn shown(&self) -> ShownValue {
        self.0.shown()
    }
}

/// The http(s) URL of an API, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiBase(pub(crate) String);

impl SettingType for ApiBase {
    const FORM: &'static str = "a URL such as https://api.example.com";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https");
        match Url::parse(text).ok().filter(is_web) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(Problem::invalid(Self::FORM, text)),
        }
    }

    fn schema() -> Value {
        json!({"type": "string", "format": "uri"})
    }

    /// Without password and query, unless secrets are asked for.
    fn shown(&self) -> ShownValue {
        self.0.shown().with_written(Self::masked(TomlValue::Text(self.0.clone())).json())
    }

    fn masked(written: TomlValue) -> TomlValue {
        match written {
            TomlValue::Text(url) => TomlValue::Text(redact::text(&url)),
            other => other,
        }
    }
}

/// The URL of a service that belongs to a source. Variables are not expanded.
impl SettingType for Url {
    const FORM: &'static str = "a URL such as https://example.com";

    fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
        let url = Self::parse(text).ok().filter(Self::has_host);
        url.ok_or_else(|| Problem::invalid(<Self as SettingType>::FORM, text))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        let text = reader.literal(node, path, "a string")?;
        <Self as SettingType>::parse(&text, Path::new(""))
            .map_err(|problem| reader.problem(path, node.line, problem))
            .ok()
    }

    fn schema() -> Value {
        json!({"type": "string", "format": "uri"})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(redact::url(self).into())
    }
}

/// A folder; relative paths begin at the current folder.
impl SettingType for PathBuf {
    const FORM: &'static str = "a path";

    fn parse(text: &str, base: &Path) -> Result<Self, Problem> {
        Ok(base.join(text))
    }

    fn from_variable(value: &OsStr, base: &Path) -> Result<Self, Problem> {
        Ok(base.join(value))
    }

    fn schema() -> Value {
        json!({"type": "string", "minLength": 1})
    }

    fn shown(&self) -> ShownValue {
        ShownValue::Plain(self.to_string_lossy().into())
    }
}

/// A path of a source; relative paths begin at the folder of the file. Variables are not expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourcePath(pub(crate) PathBuf);

impl SettingType for SourcePath {
    const FORM: &'static str = "a path";

    fn parse(text: &str, base: &Path) -> Result<Self, Problem> {
        Ok(Self(clean(&base.join(text))))
    }

    fn read(node: &TomlNode, path: &KeyPath, reader: &mut ValueReader<'_>) -> Option<Self> {
        let Literal(text) = Literal::read(node, path, reader)?;
        Self::parse(&text, &reader.folder()).ok()
    }

    fn schema() -> Value {
        PathBuf::schema()
    }

    fn shown(&self) -> ShownValue {
        self.0.shown()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for (text, host) in [
            ("::1", Some("::1")),
            ("[::1]", Some("::1")),
            ("a.b-c", Some("a.b-c")),
            ("a:1", None),
            ("", None),
        ] {
            let parsed = ListenHost::parse(text, Path::new("")).ok();
            assert_eq!(parsed.map(|host| host.0).as_deref(), host, "{text}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_parsed_is_shown_without_its_password() {
        for problem in [
            ApiBase::parse("u:secret@h", Path::new("")).unwrap_err(),
            <Url as SettingType>::parse("u:secret@h", Path::new("")).unwrap_err(),
        ] {
            assert!(!problem.to_string().contains("secret"), "{problem}");
        }
    }
}
