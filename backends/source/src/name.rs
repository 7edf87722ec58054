//! [`Name`] and [`Authority`]: names that are safe as one path component on every platform.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A text that cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a name: {text:?} ({reason})")]
pub struct NameError {
    text: String,
    reason: &'static str,
}

/// The name of a binary, such as `loom-bridge-server`.
///
/// A name has 1 to 64 characters of `a-z 0-9 . _ -`, begins with a letter or digit, does not end in a dot, and is not a
/// device name of Windows. It is safe as one path component.
///
/// # Examples
/// ```
/// use loom_source::Name;
///
/// assert_eq!(Name::default().to_string(), "loom-bridge-server");
/// assert!("../etc".parse::<Name>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// The name of the authority that defines a release, such as `loom-os`. Sources serve the releases of authorities.
///
/// The same rules apply as for a [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Authority(String);

impl Default for Authority {
    /// `loom-os`, whose releases are in `bin/` of a store without a prefix.
    fn default() -> Self {
        Self("loom-os".to_owned())
    }
}

impl Default for Name {
    /// `loom-bridge-server`, the binary that commands manage by default.
    fn default() -> Self {
        Self("loom-bridge-server".to_owned())
    }
}

/// Whether Windows reserves this file name, by its part before the first dot, for a device such as `NUL` or `COM1`.
pub fn is_windows_device(component: &str) -> bool {
    let stem = component.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit() && rest != "0"
        })
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "conin$" | "conout$")
        || numbered("com")
        || numbered("lpt")
}

/// The rules of [`Name`].
fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 64 {
        return Err("expected 1 to 64 characters");
    }
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    if !text.bytes().all(allowed) {
        return Err("expected only a-z, 0-9, '.', '_' and '-'");
    }
    if !text.as_bytes()[0].is_ascii_alphanumeric() {
        return Err("expected a letter or a digit at the beginning");
    }
    if text.ends_with('.') {
        return Err("a dot at the end is not allowed");
    }
    if is_windows_device(text) {
        return Err("Windows reserves this name for a device");
    }
    Ok(())
}

macro_rules! name {
    ($type:ident) => {
        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text).map_err(|reason| NameError { text: text.to_owned(), reason })?;
                Ok(Self(text.to_owned()))
            }
        }
        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }
        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }
        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}
name!(Name);
name!(Authority);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_path_components() {
        for good in ["loom-bridge-server", "a", "0x", "a.b_c-d", "com0", "com10", "console"] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        let long = "a".repeat(65);
        for bad in [
            "", ".", "..", "a/b", "a\\b", "A", "a b", "-a", ".a", "a.", "nul", "com1.txt", "a\n",
            "é", &long,
        ] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
    }
}
