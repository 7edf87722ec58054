//! The format of log lines.

use std::{fmt, str::FromStr};

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Human-readable lines, coloured on a terminal.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// A text that is no log format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected text or json")]
pub struct LogFormatError;

impl FromStr for LogFormat {
    type Err = LogFormatError;

    /// Reads the format, in any case.
    fn from_str(text: &str) -> Result<Self, LogFormatError> {
        match &*text.to_ascii_lowercase() {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(LogFormatError),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_in_any_case_and_written_in_lower_case() {
        for (text, format) in [("text", LogFormat::Text), ("JSON", LogFormat::Json)] {
            assert_eq!(text.parse(), Ok(format));
            assert_eq!(format.to_string(), text.to_ascii_lowercase());
        }
        assert_eq!("xml".parse::<LogFormat>(), Err(LogFormatError));
    }
}
