//! [`DailyWindow`]: a time span of each day, in UTC.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const MINUTES_PER_DAY: u32 = 24 * 60;
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

use serde::{Deserialize, Serialize};

/// A time span of each day, in UTC: `02:00-04:00`, or over midnight `22:00-02:00`. The first minute belongs to it, the
/// last one does not.
///
/// # Examples
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// use loom_base::DailyWindow;
///
/// let window: DailyWindow = "02:00-04:00".parse()?;
/// let one_o_clock = UNIX_EPOCH + Duration::from_secs(3600);
/// assert!(!window.contains(one_o_clock));
/// assert_eq!(window.opens_in(one_o_clock), Duration::from_secs(3600));
/// # Ok::<(), loom_base::DailyWindowError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DailyWindow {
    /// The minute of the day at which it opens.
    from: u32,
    /// The minute of the day at which it closes.
    to: u32,
}

/// A text that is no time span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time span in UTC, such as 02:00-04:00")]
pub struct DailyWindowError;

impl DailyWindow {
    /// All of the day.
    pub const ALL: Self = Self { from: 0, to: MINUTES_PER_DAY };

    /// Whether a time is in the span.
    pub fn contains(self, time: SystemTime) -> bool {
        self.opens_in(time).is_zero()
    }

    /// How long after `time` the span opens; zero while it is open.
    pub fn opens_in(self, time: SystemTime) -> Duration {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let of_day = since.as_secs() % SECONDS_PER_DAY;
        let (from, to) = (u64::from(self.from) * 60, u64::from(self.to) * 60);
        let is_open =
            if from < to { (from..to).contains(&of_day) } else { of_day >= from || of_day < to };
        if is_open {
            return Duration::ZERO;
        }
        Duration::from_secs((from + SECONDS_PER_DAY - of_day) % SECONDS_PER_DAY)
    }
}

impl Default for DailyWindow {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromStr for DailyWindow {
    type Err = DailyWindowError;

    fn from_str(text: &str) -> Result<Self, DailyWindowError> {
        let (from, to) = text.split_once('-').ok_or(DailyWindowError)?;
        let (from, to) = (minute(from)?, minute(to)?);
        if from == to || from == MINUTES_PER_DAY {
            return Err(DailyWindowError);
        }
        Ok(Self { from, to })
    }
}

/// The minute of the day of `HH:MM`; 24:00 is the end of the day.
fn minute(text: &str) -> Result<u32, DailyWindowError> {
    let digits = |text: &str| {
        let is_pair = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_pair.then(|| text.parse::<u32>().ok()).flatten().ok_or(DailyWindowError)
    };
    let (hours, minutes) = text.trim().split_once(':').ok_or(DailyWindowError)?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    let minute = hours * 60 + minutes;
    if minutes > 59 || minute > MINUTES_PER_DAY { Err(DailyWindowError) } else { Ok(minute) }
}

impl TryFrom<String> for DailyWindow {
    type Error = DailyWindowError;

    fn try_from(text: String) -> Result<Self, DailyWindowError> {
        text.parse()
    }
}

impl From<DailyWindow> for String {
    fn from(window: DailyWindow) -> Self {
        window.to_string()
    }
}

impl fmt::Display for DailyWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_written() {
        for (text, valid) in [
            ("02:00-04:00", true),
            ("22:30-02:00", true),
            ("00:00-24:00", true),
            ("04:00-04:00", false),
            ("24:00-02:00", false),
            ("2:00-4:00", false),
            ("02:00", false),
            ("02:60-04:00", false),
            ("25:00-26:00", false),
            ("+2:00-04:00", false),
            ("", false),
        ] {
            let read = text.parse::<DailyWindow>();
            assert_eq!(read.is_ok(), valid, "{text}");
            assert!(read.is_err() || read.unwrap().to_string() == text, "{text}");
        }
        assert_eq!("00:00-24:00".parse(), Ok(DailyWindow::ALL));
    }

    #[test]
    fn a_span_is_of_each_day_in_utc() {
        let at =
            |hours: u64| UNIX_EPOCH + Duration::from_secs(20_000 * SECONDS_PER_DAY + hours * 3600);
        for (text, hours, opens_in) in [
            ("02:00-04:00", 0, 2),
            ("02:00-04:00", 2, 0),
            ("02:00-04:00", 3, 0),
            ("02:00-04:00", 4, 22),
            ("22:00-02:00", 21, 1),
            ("22:00-02:00", 23, 0),
            ("22:00-02:00", 1, 0),
            ("22:00-02:00", 2, 20),
            ("00:00-24:00", 23, 0),
        ] {
            let window: DailyWindow = text.parse().unwrap();
            let expected = Duration::from_secs(opens_in * 3600);
            assert_eq!(window.opens_in(at(hours)), expected, "{text} at {hours}");
        }
    }
}
