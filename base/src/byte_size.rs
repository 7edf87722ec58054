//! [`ByteSize`]: a number of bytes, as a user writes it.

use std::{fmt, str::FromStr};

/// A number of bytes, written as `20GiB`, `500MB` or `1048576`.
///
/// # Examples
/// ```
/// use loom_base::ByteSize;
///
/// assert_eq!("20GiB".parse(), Ok(ByteSize(20 << 30)));
/// assert_eq!("1.5 MB".parse(), Ok(ByteSize(1_500_000)));
/// assert!("twenty".parse::<ByteSize>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// A text that is no [`ByteSize`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a number of bytes such as 20GiB, 500MB or 1048576")]
pub struct ByteSizeError;

/// The units and their bytes; a longer name comes before its ending.
const UNITS: [(&str, u64); 9] = [
    ("KIB", 1 << 10),
    ("MIB", 1 << 20),
    ("GIB", 1 << 30),
    ("TIB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        let upper = text.trim().to_ascii_uppercase();
        let unit = UNITS.iter().find_map(|(name, bytes)| Some((upper.strip_suffix(name)?, *bytes)));
        let (number, unit) = unit.unwrap_or((&upper, 1));
        let number = number.trim_end();
        let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if integer.is_empty() || !is_digits(integer) || !is_digits(fraction) || fraction.len() > 3 {
            return Err(ByteSizeError);
        }
        let whole = integer.parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
        let thousandths: u64 = format!("{fraction:0<3}").parse().map_err(|_| ByteSizeError)?;
        let part = u128::from(unit) * u128::from(thousandths) / 1000;
        let total = whole.and_then(|whole| whole.checked_add(u64::try_from(part).ok()?));
        total.map(Self).ok_or(ByteSizeError)
    }
}

impl fmt::Display for ByteSize {
    /// The largest binary unit that divides the number: `20GiB`, `1000000B`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
        let exact = units.iter().find(|(_, bits)| self.0 > 0 && self.0.is_multiple_of(1 << bits));
        match exact {
            Some((name, bits)) => write!(f, "{}{name}", self.0 >> bits),
            None => write!(f, "{}B", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes) in [
            ("0", 0),
            ("1048576", 1 << 20),
            ("20GiB", 20 << 30),
            ("20 gib", 20 << 30),
            ("500MB", 500_000_000),
            ("1.5kb", 1_500),
            ("7B", 7),
        ] {
            let size = ByteSize(bytes);
            assert_eq!(text.parse(), Ok(size), "{text}");
            assert_eq!(size.to_string().parse(), Ok(size), "{size}");
        }
        for text in ["", "GiB", "-1", "1.2345GB", "1e3", "20000000TiB", "1 2 MB", "1..2MB"] {
            assert_eq!(text.parse::<ByteSize>(), Err(ByteSizeError), "{text}");
        }
    }
}
