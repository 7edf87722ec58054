//! [`KeyCompanion`]: which of two keys that exclude each other a third one belongs to.

/// Of two keys that exclude each other, the one that a third one belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCompanion {
    /// The key that the third one belongs to.
    pub of: &'static str,
    /// The key beside which it has no meaning.
    pub not_of: &'static str,
}
