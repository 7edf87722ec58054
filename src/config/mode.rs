//! [`Mode`]: what the runtime runs.

use std::{fmt, str::FromStr};

/// What the runtime runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// The bridge and the dashboard.
    #[default]
    Full,
    /// The bridge alone.
    BridgeOnly,
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 2] = [Self::Full, Self::BridgeOnly];

    /// The word for the mode: `full` or `bridge-only`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::BridgeOnly => "bridge-only",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mode = Self::ALL.into_iter().find(|mode| mode.as_str() == text);
        mode.ok_or_else(|| format!("expected full or bridge-only, got {text:?}"))
    }
}
