//! What the history of runs keeps and where: the values of `LOOM_HISTORY`, `LOOM_HISTORY_MAX_SIZE` and
//! `LOOM_HISTORY_MAX_AGE`.

use std::{ffi::OsStr, fmt, path::PathBuf, str::FromStr, time::Duration};

use loom_base::{
    ByteSize,
    time::{duration_text, parse_duration},
};

/// Where the history of runs is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryChoice {
    /// No history is kept.
    Off,
    /// In memory.
    Memory,
    /// In this file.
    File(PathBuf),
}

impl HistoryChoice {
    /// The choice that a value stands for: `off`, `memory`, or a path.
    ///
    /// # Examples
    /// ```
    /// use loom_environment::HistoryChoice;
    ///
    /// assert_eq!(HistoryChoice::of("off".as_ref()), HistoryChoice::Off);
    /// assert_eq!(HistoryChoice::of("/h.db".as_ref()), HistoryChoice::File("/h.db".into()));
    /// ```
    pub fn of(value: &OsStr) -> Self {
        match value.to_str() {
            Some("off") => Self::Off,
            Some("memory") => Self::Memory,
            _ => Self::File(value.into()),
        }
    }
}

impl fmt::Display for HistoryChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Memory => f.write_str("memory"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// How large a history may grow: at least [`SMALLEST`](Self::SMALLEST), below which indexes alone would fill it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HistorySize(pub ByteSize);

/// A text that is no such size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a number of bytes from 2MiB, such as 256MiB")]
pub struct HistorySizeError;

impl HistorySize {
    /// The smallest size.
    pub const SMALLEST: ByteSize = ByteSize(2 << 20);
    /// The default size of a file.
    pub const DEFAULT: Self = Self(ByteSize(256 << 20));
}

impl FromStr for HistorySize {
    type Err = HistorySizeError;

    fn from_str(text: &str) -> Result<Self, HistorySizeError> {
        let size: ByteSize = text.parse().map_err(|_| HistorySizeError)?;
        if size >= Self::SMALLEST { Ok(Self(size)) } else { Err(HistorySizeError) }
    }
}

impl fmt::Display for HistorySize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The age after which runs are removed, longer than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HistoryAge(pub Duration);

/// A text that is no such age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a duration longer than 0, such as 12h or 7days")]
pub struct HistoryAgeError;

impl HistoryAge {
    /// The default age.
    pub const DEFAULT: Self = Self(Duration::from_secs(7 * 86_400));
}

impl FromStr for HistoryAge {
    type Err = HistoryAgeError;

    fn from_str(text: &str) -> Result<Self, HistoryAgeError> {
        parse_duration(text).filter(|age| !age.is_zero()).map(Self).ok_or(HistoryAgeError)
    }
}

impl fmt::Display for HistoryAge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration_text(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_ages_have_a_lower_limit() {
        for (text, size) in
            [("2MiB", Some(2 << 20)), ("1GiB", Some(1 << 30)), ("2MB", None), ("x", None)]
        {
            let read = text.parse::<HistorySize>().ok();
            assert_eq!(read.map(|size| size.0.0), size, "{text}");
        }
        for (text, age) in [("7days", Some(604_800)), ("90s", Some(90)), ("0s", None), ("7", None)]
        {
            let read = text.parse::<HistoryAge>().ok();
            assert_eq!(read.map(|age| age.0.as_secs()), age, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(HistoryAge::DEFAULT.to_string().parse(), Ok(HistoryAge::DEFAULT));
        assert_eq!(HistorySize::DEFAULT.to_string().parse(), Ok(HistorySize::DEFAULT));
        for choice in [HistoryChoice::Off, HistoryChoice::Memory, HistoryChoice::File("a/b".into())]
        {
            assert_eq!(HistoryChoice::of(choice.to_string().as_ref()), choice);
        }
    }
}
