//! How many requests are left, shared by all processes of the user: who knows that none is asks for none.
//!
//! Kept per server and identity: another token has a budget of its own.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loom_http::header::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::limit;

/// What the server last said. Times are seconds since 1970 by this machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct RateLimit {
    /// Requests left until `reset`, where the server counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
    /// When it counts anew.
    #[serde(default)]
    reset: u64,
    /// Until when we were told to stay away, whatever is left.
    #[serde(default)]
    closed: u64,
}

/// Two answers speak of the same hour if their resets are no further apart: they are computed from whole seconds.
const SAME: u64 = 5;

impl RateLimit {
    /// What an answer's headers tell, if anything.
    pub(crate) fn told(headers: &HeaderMap, now: SystemTime) -> Option<Self> {
        let remaining = limit::number(headers, "x-ratelimit-remaining")?;
        let wait = limit::until_reset(headers, now)?.min(Duration::from_secs(3660));
        Some(Self { remaining: Some(remaining), reset: seconds(now + wait), closed: 0 })
    }

    /// What a refusal tells.
    pub(crate) fn closed(until: SystemTime) -> Self {
        Self { closed: seconds(until), ..Self::default() }
    }

    /// Both together: of one hour the lower count is the later one.
    #[must_use]
    pub(crate) fn and(self, later: Self) -> Self {
        let closed = self.closed.max(later.closed);
        let same = self.reset.abs_diff(later.reset) <= SAME;
        match (self.remaining, later.remaining) {
            (_, None) => Self { closed, ..self },
            (Some(before), Some(now)) if same => {
                Self { remaining: Some(before.min(now)), closed, ..later }
            }
            // Answers overtake each other: the later hour counts.
            (Some(_), Some(_)) if self.reset > later.reset => Self { closed, ..self },
            _ => Self { closed, ..later },
        }
    }

    /// Until when nothing is to be asked, if that is so.
    pub(crate) fn shut(self, now: SystemTime) -> Option<SystemTime> {
        let empty = if self.remaining == Some(0) { self.reset } else { 0 };
        let until = self.closed.max(empty);
        (until > seconds(now)).then(|| UNIX_EPOCH + Duration::from_secs(until))
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(remaining: u64, reset: u64) -> RateLimit {
        RateLimit { remaining: Some(remaining), reset, closed: 0 }
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn of_one_hour_the_lowest_count_holds() {
        for (before, later, both) in [
            (RateLimit::default(), left(59, 100), left(59, 100)),
            (left(59, 100), left(58, 101), left(58, 101)),
            (left(3, 100), left(5, 99), left(3, 99)),
            (left(0, 100), left(59, 3700), left(59, 3700)),
            (left(59, 3700), left(0, 100), left(59, 3700)),
        ] {
            assert_eq!(before.and(later), both, "{before:?} {later:?}");
        }
        let both = left(9, 100).and(RateLimit::closed(at(50)));
        assert_eq!(both, RateLimit { closed: 50, ..left(9, 100) });
        assert_eq!(both.and(left(8, 100)).closed, 50);
    }

    #[test]
    fn nothing_is_asked_until_the_server_counts_anew() {
        assert_eq!(RateLimit::default().shut(at(1)), None);
        assert_eq!(left(1, 100).shut(at(1)), None);
        assert_eq!(left(0, 100).shut(at(99)), Some(at(100)));
        assert_eq!(left(0, 100).shut(at(100)), None);
        assert_eq!(left(9, 100).and(RateLimit::closed(at(50))).shut(at(49)), Some(at(50)));
    }
}
