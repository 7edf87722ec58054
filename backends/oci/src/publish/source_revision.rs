//! [`SourceRevision`]: the commit that a program was built from.

use std::{fmt, str::FromStr};

/// The full name of the commit that a program was built from, in git: 40 or 64 lower-case digits.
///
/// # Examples
/// ```
/// use loom_oci::publish::SourceRevision;
///
/// let revision: SourceRevision = "c30274eb00000000000000000000000000000000".parse()?;
/// assert!("c30274eb".parse::<SourceRevision>().is_err());
/// # Ok::<(), loom_oci::publish::NotARevision>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRevision(String);

/// The text is not the full name of a commit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the full name of a commit, 40 or 64 digits from 0-9 and a-f")]
pub struct NotARevision;

impl FromStr for SourceRevision {
    type Err = NotARevision;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if [40, 64].contains(&text.len()) && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotARevision)
        }
    }
}

impl fmt::Display for SourceRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_names_of_commits_are_revisions() {
        let is_one = |text: &str| text.parse::<SourceRevision>().is_ok();
        for length in [40, 64] {
            assert!(is_one(&"a".repeat(length)));
            assert!(!is_one(&"a".repeat(length - 1)) && !is_one(&"g".repeat(length)));
            assert!(!is_one(&"A".repeat(length)));
        }
        assert!(!is_one("") && !is_one("main"));
    }
}
