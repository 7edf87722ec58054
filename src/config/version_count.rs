//! [`VersionCount`]: how many versions stay.

/// How many of the newest versions stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionCount {
    /// All versions stay.
    All,
    /// This many of the newest ones.
    Newest(u32),
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
