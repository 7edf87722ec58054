//! Times in nanoseconds since 1970.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loom_base::time::format_rfc3339_millis;

use crate::row::Nanos;

/// A time as the history counts it; 0 for one before 1970.
pub fn nanos(time: SystemTime) -> Nanos {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    duration_to_nanos(since)
}

/// A duration in nanoseconds, up to 292 years.
pub(crate) fn duration_to_nanos(duration: Duration) -> Nanos {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// The duration of so many nanoseconds; zero for a negative number.
pub(crate) fn nanos_to_duration(nanos: Nanos) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
}

/// A time as RFC 3339 text with milliseconds.
pub(crate) fn format_nanos(at: Nanos) -> String {
    format_rfc3339_millis(UNIX_EPOCH + nanos_to_duration(at))
}
