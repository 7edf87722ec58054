//! The bearer token of callers.

use std::{fmt, str::FromStr};

/// The credentials of scheme `Bearer` in `header`, the value of `authorization`.
pub fn bearer_of(header: Option<&str>) -> Option<&str> {
    let (scheme, token) = header?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The token that callers must send. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct BearerToken(String);

impl BearerToken {
    /// Whether `header`, the value of `authorization`, carries this token. The comparison takes a time that depends on
    /// the lengths only.
    pub fn accepts(&self, header: Option<&str>) -> bool {
        bearer_of(header).is_some_and(|token| self.is_equal(token))
    }

    /// Whether `other` is this token. The comparison takes a time that depends on the lengths only.
    pub fn is_equal(&self, other: &str) -> bool {
        let pairs = self.0.bytes().zip(other.bytes());
        let differences = pairs.fold(0, |all, (ours, theirs)| all | (ours ^ theirs));
        self.0.len() == other.len() && differences == 0
    }
}

impl FromStr for BearerToken {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The token is sent in a header.
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("expected visible ASCII characters without spaces")
        }
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_is_empty() {
        for text in ["", " ", "two words", "ä"] {
            assert!(text.parse::<BearerToken>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn debug_hides_the_token() {
        let token: BearerToken = "s3cret".parse().unwrap();
        assert_eq!(format!("{token:?}"), "BearerToken(***)");
    }
}
