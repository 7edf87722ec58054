//! [`RateLimit`]: the remaining requests to the API, shared by all processes of a user, so that no process makes a
//! request that would be refused.
//!
//! There is one for each server and token: every token has its own limit.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loom_http::header::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::refusal;

/// The last known state of the rate limit. Times are seconds since 1970 by this machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct RateLimit {
    /// The requests that are left until `reset`, where the server gives their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
    /// When the number of requests is reset.
    #[serde(default)]
    reset: u64,
    /// Until when a refusal asked for no further requests, whatever is left.
    #[serde(default)]
    closed: u64,
}

/// The largest difference in seconds between resets of the same period: they are computed from whole seconds.
const RESET_TOLERANCE: u64 = 5;

impl RateLimit {
    /// The state in the headers of a response, if they have it.
    pub(crate) fn of(headers: &HeaderMap, now: SystemTime) -> Option<Self> {
        let remaining = refusal::number(headers, "x-ratelimit-remaining")?;
        let wait = refusal::until_reset(headers, now)?.min(refusal::MAX_LIMIT);
        Some(Self { remaining: Some(remaining), reset: seconds(now + wait), closed: 0 })
    }

    /// The state after a refusal until this time.
    pub(crate) fn closed(until: SystemTime) -> Self {
        Self { closed: seconds(until), ..Self::default() }
    }

    /// The state without times that are further ahead than the longest limit: they were written under another clock.
    #[must_use]
    pub(crate) fn capped(self, now: SystemTime) -> Self {
        let latest = seconds(now).saturating_add(refusal::MAX_LIMIT.as_secs());
        let closed = if self.closed > latest { 0 } else { self.closed };
        if self.reset > latest {
            Self { closed, ..Self::default() }
        } else {
            Self { closed, ..self }
        }
    }

    /// Combines two states. Within one period, the lower number of requests is the later one.
    #[must_use]
    pub(crate) fn and(self, later: Self) -> Self {
        let closed = self.closed.max(later.closed);
        let same = self.reset.abs_diff(later.reset) <= RESET_TOLERANCE;
        match (self.remaining, later.remaining) {
            (_, None) => Self { closed, ..self },
            (Some(before), Some(now)) if same => {
                Self { remaining: Some(before.min(now)), closed, ..later }
            }
            // Responses of several processes arrive in any order: the later period counts.
            (Some(_), Some(_)) if self.reset > later.reset => Self { closed, ..self },
            _ => Self { closed, ..later },
        }
    }

    /// Until when no request may be made; `None` where one may be made now.
    pub(crate) fn exceeded_until(self, now: SystemTime) -> Option<SystemTime> {
        let limit = self.capped(now);
        let empty = if limit.remaining == Some(0) { limit.reset } else { 0 };
        let until = limit.closed.max(empty);
        (until > seconds(now)).then(|| UNIX_EPOCH + Duration::from_secs(until))
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remaining(remaining: u64, reset: u64) -> RateLimit {
        RateLimit { remaining: Some(remaining), reset, closed: 0 }
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_lowest_number_of_a_period_counts() {
        for (before, later, both) in [
            (RateLimit::default(), remaining(59, 100), remaining(59, 100)),
            (remaining(59, 100), remaining(58, 101), remaining(58, 101)),
            (remaining(3, 100), remaining(5, 99), remaining(3, 99)),
            (remaining(0, 100), remaining(59, 3700), remaining(59, 3700)),
            (remaining(59, 3700), remaining(0, 100), remaining(59, 3700)),
        ] {
            assert_eq!(before.and(later), both, "{before:?} {later:?}");
        }
        let both = remaining(9, 100).and(RateLimit::closed(at(50)));
        assert_eq!(both, RateLimit { closed: 50, ..remaining(9, 100) });
        assert_eq!(both.and(remaining(8, 100)).closed, 50);
    }

    #[test]
    fn no_request_is_made_until_the_reset() {
        assert_eq!(RateLimit::default().exceeded_until(at(1)), None);
        assert_eq!(remaining(1, 100).exceeded_until(at(1)), None);
        assert_eq!(remaining(0, 100).exceeded_until(at(99)), Some(at(100)));
        assert_eq!(remaining(0, 100).exceeded_until(at(100)), None);
        assert_eq!(
            remaining(9, 100).and(RateLimit::closed(at(50))).exceeded_until(at(49)),
            Some(at(50))
        );
    }

    #[test]
    fn a_time_of_a_clock_that_was_ahead_has_no_effect() {
        let (now, year) = (1_000_000, 31_536_000);
        let longest = refusal::MAX_LIMIT.as_secs();
        for (limit, until) in [
            (RateLimit::closed(at(now + year)), None),
            (remaining(0, now + year), None),
            (remaining(0, now + longest + 1), None),
            (remaining(0, now + longest), Some(at(now + longest))),
            (RateLimit { closed: now + 60, ..remaining(0, now + year) }, Some(at(now + 60))),
        ] {
            assert_eq!(limit.exceeded_until(at(now)), until, "{limit:?}");
        }
        // What a response says now replaces it.
        let stale = RateLimit { closed: now + year, ..remaining(0, now + year) };
        let both = stale.capped(at(now)).and(remaining(0, now + 60));
        assert_eq!(both.exceeded_until(at(now)), Some(at(now + 60)));
    }
}
