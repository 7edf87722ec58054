//! [`VersionCount`]: how many versions stay.

use std::str::FromStr;

/// How many of the newest versions stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionCount {
    /// All versions stay.
    All,
    /// This many of the newest ones.
    Newest(u32),
}

/// A text that is neither a number nor `all`.
#[derive(Debug, thiserror::Error)]
#[error("expected a number of versions, or all")]
pub struct VersionCountError;

impl FromStr for VersionCount {
    type Err = VersionCountError;

    fn from_str(text: &str) -> Result<Self, VersionCountError> {
        if text == "all" {
            return Ok(Self::All);
        }
        text.parse().map(Self::Newest).map_err(|_| VersionCountError)
    }
}

impl VersionCount {
    /// The number; `None` where all versions stay.
    pub fn number(self) -> Option<u32> {
        match self {
            Self::All => None,
            Self::Newest(number) => Some(number),
        }
    }
}
