//! [`Withheld`]: a setting that needs trust, for display.

/// One setting that needs trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The line of the key, from 1.
    pub line: usize,
    /// The key, such as `mcp.web`.
    pub key: String,
    /// The value, for display: JSON with secrets masked.
    pub value: String,
}
