//! Timestamps as text (RFC 3339, UTC) and ages in words.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `2026-11-22T16:03:00Z`. A time before 1970 is shown as 1970, one after the year 9999 as its last second.
pub fn format_rfc3339(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(representable(time)).to_string()
}

/// `2026-11-22T16:03:00.123Z`, with the same limits as [`format_rfc3339`].
pub fn format_rfc3339_millis(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(representable(time)).to_string()
}

/// `2026-11-22T16:03:00.123456789Z`, with the same limits as [`format_rfc3339`]: for the times of files, where two
/// within one second differ.
pub fn format_rfc3339_nanos(time: SystemTime) -> String {
    humantime::format_rfc3339_nanos(representable(time)).to_string()
}

/// The time of a text in RFC 3339, UTC, with or without fractions of a second; `None` for any other text.
pub fn parse_rfc3339(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}

/// Milliseconds since 1970, as `loom.v1` and the dashboard count time; 0 for an earlier time.
pub fn epoch_millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// An age in its largest whole unit: `3 days`, `2 hours`, `5 minutes`; `just now` below a minute.
pub fn age_in_words(age: Duration) -> String {
    let seconds = age.as_secs();
    let (count, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// How long ago something happened: `3 days ago`, or `just now`.
pub fn ago(age: Duration) -> String {
    match age.as_secs() {
        0..60 => age_in_words(age),
        _ => format!("{} ago", age_in_words(age)),
    }
}

/// A duration in the largest unit that it is a multiple of: `38 days`, `36 hours`, `90 minutes`.
pub fn duration_in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let fits = |(length, _): &(u64, &str)| seconds >= *length && seconds.is_multiple_of(*length);
    let (length, unit) = units.into_iter().find(fits).unwrap_or((1, "second"));
    let count = seconds / length;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A duration as it is given in a configuration, in days and smaller units: `38days 2h`. Months have no length that
/// everybody agrees on.
pub fn duration_text(duration: Duration) -> String {
    let days = duration.as_secs() / 86_400;
    let rest = duration.saturating_sub(Duration::from_secs(days * 86_400));
    match (days, rest.is_zero()) {
        (0..30, _) => humantime::format_duration(duration).to_string(),
        (_, true) => format!("{days}days"),
        (_, false) => format!("{days}days {}", humantime::format_duration(rest)),
    }
}

/// A duration in the form of [`duration_text`], such as `7days`, `12h` or `1h 30m`; `None` for any other text.
pub fn parse_duration(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok()
}

/// A duration in all its units, rounded up to whole seconds: `1h 30m`, `5s`.
pub fn format_duration(duration: Duration) -> String {
    let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

/// The last second of the year 9999, which is as far as RFC 3339 reaches.
const LAST_SECOND: u64 = 253_402_300_799;

/// The formatter panics outside 1970..=9999; times come from file systems and servers, which may say anything.
fn representable(time: SystemTime) -> SystemTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + since.min(Duration::from_secs(LAST_SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn text_and_time_agree() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
        ] {
            assert_eq!(format_rfc3339(at(seconds)), text);
            assert_eq!(parse_rfc3339(text), Some(at(seconds)));
        }
        let exact = at(1) + Duration::from_nanos(5);
        assert_eq!(format_rfc3339_nanos(exact), "1970-01-01T00:00:01.000000005Z");
        assert_eq!(format_rfc3339_millis(exact), "1970-01-01T00:00:01.000Z");
        for bad in ["", "yesterday", "2000-02-30T00:00:00Z"] {
            assert_eq!(parse_rfc3339(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_outside_the_format_are_cut_to_its_limits() {
        assert_eq!(format_rfc3339(UNIX_EPOCH - Duration::from_secs(9)), "1970-01-01T00:00:00Z");
        assert_eq!(format_rfc3339(at(LAST_SECOND + 1)), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_younger_than_a_minute_happened_just_now() {
        for (seconds, expected) in [(0, "just now"), (59, "just now"), (120, "2 minutes ago")] {
            assert_eq!(ago(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn milliseconds_count_from_1970() {
        assert_eq!(epoch_millis(at(2) + Duration::from_millis(5)), 2005);
        assert_eq!(epoch_millis(UNIX_EPOCH - Duration::from_secs(9)), 0);
    }

    #[test]
    fn durations_are_rounded_up() {
        for (millis, text) in [(0, "0s"), (1, "1s"), (5_000, "5s"), (5_400_001, "1h 30m 1s")] {
            assert_eq!(format_duration(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn durations_have_one_unit_and_no_months() {
        for (seconds, words, text) in [
            (0, "0 seconds", "0s"),
            (1, "1 second", "1s"),
            (5_400, "90 minutes", "1h 30m"),
            (86_400, "1 day", "1day"),
            (129_600, "36 hours", "1day 12h"),
            (38 * 86_400, "38 days", "38days"),
            (400 * 86_400 + 7_200, "9602 hours", "400days 2h"),
        ] {
            let duration = Duration::from_secs(seconds);
            assert_eq!(duration_in_words(duration), words);
            assert_eq!(duration_text(duration), text);
            assert_eq!(parse_duration(text), Some(duration));
        }
    }

    #[test]
    fn ages_have_one_unit() {
        for (seconds, words) in [
            (0, "just now"),
            (60, "1 minute"),
            (7_200, "2 hours"),
            (86_400, "1 day"),
            (300_000, "3 days"),
        ] {
            assert_eq!(age_in_words(Duration::from_secs(seconds)), words);
        }
    }
}
