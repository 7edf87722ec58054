//! The path of a key in a document, for messages: `bridge.address`, `llm."my.model".api_key`, `sources[0].url`.

use std::fmt;

/// The path of a key, as TOML writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeyPath(String);

impl KeyPath {
    /// The path of the keys `parts`, from the outermost table inward.
    pub(crate) fn of<'p>(parts: impl IntoIterator<Item = &'p str>) -> Self {
        parts.into_iter().fold(Self::default(), |path, part| path.key(part))
    }

    /// The path of `key` in the table at this path.
    pub(crate) fn key(&self, key: &str) -> Self {
        let key = quoted(key);
        Self(if self.0.is_empty() { key } else { format!("{}.{key}", self.0) })
    }

    /// The path of an item in the list at this path.
    pub(crate) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key as TOML writes it: bare where that is allowed, else quoted.
fn quoted(key: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !key.is_empty() && key.bytes().all(bare) { key.to_owned() } else { format!("{key:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_quoted_where_toml_requires_it() {
        let path = KeyPath::of(["llm", "my.model"]).key("api_key");
        assert_eq!(path.to_string(), r#"llm."my.model".api_key"#);
        assert_eq!(KeyPath::of(["sources"]).index(0).key("url").to_string(), "sources[0].url");
    }
}
