//! Whether the content of events and calls is kept and shown.

use std::{fmt, str::FromStr};

use crate::switch::Switch;

/// Whether payloads, arguments, results and messages are kept in the history and shown on the dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContentPolicy {
    /// While bridge and dashboard can be reached from this machine alone.
    #[default]
    Auto,
    /// On every server.
    On,
    /// On no server.
    Off,
}

/// A text that is no such policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected auto, on or off")]
pub struct ContentPolicyError;

impl ContentPolicy {
    /// Whether content is kept by a server that `is_local`: that can be reached from this machine alone.
    ///
    /// # Examples
    /// ```
    /// use loom_environment::ContentPolicy;
    ///
    /// assert!(ContentPolicy::Auto.keeps(true) && !ContentPolicy::Auto.keeps(false));
    /// assert!(ContentPolicy::On.keeps(false) && !ContentPolicy::Off.keeps(true));
    /// ```
    pub fn keeps(self, is_local: bool) -> bool {
        match self {
            Self::Auto => is_local,
            Self::On => true,
            Self::Off => false,
        }
    }
}

impl FromStr for ContentPolicy {
    type Err = ContentPolicyError;

    fn from_str(text: &str) -> Result<Self, ContentPolicyError> {
        if text.eq_ignore_ascii_case("auto") {
            return Ok(Self::Auto);
        }
        let Switch(is_on) = text.parse().map_err(|_| ContentPolicyError)?;
        Ok(if is_on { Self::On } else { Self::Off })
    }
}

impl fmt::Display for ContentPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_words_are_read_and_written() {
        for policy in [ContentPolicy::Auto, ContentPolicy::On, ContentPolicy::Off] {
            assert_eq!(policy.to_string().parse(), Ok(policy));
        }
        assert_eq!("AUTO".parse(), Ok(ContentPolicy::Auto));
        assert_eq!("false".parse(), Ok(ContentPolicy::Off));
        assert_eq!("some".parse::<ContentPolicy>(), Err(ContentPolicyError));
    }
}
