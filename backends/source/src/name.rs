//! Names that may become one component of a path, on every platform we run on.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Why a text cannot be a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} cannot be a name: {why}")]
pub struct NameError {
    text: String,
    why: &'static str,
}

/// The name of a program, such as `loom-bridge-server`: one path component.
///
/// 1 to 64 characters of `a-z 0-9 . _ -`, beginning with a letter or digit, not ending in a dot,
/// and not a device name of Windows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Who may define a release, such as `loom-os`. Sources only carry for an authority.
///
/// The same rule as for [`Name`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Authority(String);

impl Default for Authority {
    /// `loom-os`, whose releases `bin/` shows without a prefix.
    fn default() -> Self {
        Self("loom-os".to_owned())
    }
}

impl Default for Name {
    /// `loom-bridge-server`, the program that all commands mean unless told otherwise.
    fn default() -> Self {
        Self("loom-bridge-server".to_owned())
    }
}

/// Whether Windows keeps this file name (its part before the first dot) for a device.
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

fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 64 {
        return Err("it must have 1 to 64 characters");
    }
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    if !text.bytes().all(allowed) {
        return Err("only a-z, 0-9, '.', '_' and '-' are allowed");
    }
    if !text.as_bytes()[0].is_ascii_alphanumeric() {
        return Err("it must begin with a letter or a digit");
    }
    if text.ends_with('.') {
        return Err("it must not end in a dot");
    }
    if is_windows_device(text) {
        return Err("Windows keeps this name for a device");
    }
    Ok(())
}

macro_rules! name {
    ($type:ident) => {
        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text).map_err(|why| NameError { text: text.to_owned(), why })?;
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
    fn names_are_single_safe_components() {
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
