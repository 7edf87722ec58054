//! What a refusal of the API means, by the rules of GitHub's documentation, "Rate limits for the REST API".

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loom_http::header::HeaderMap;

/// The longest limit that is accepted. GitHub's limits last at most an hour.
pub(crate) const MAX_LIMIT: Duration = Duration::from_secs(3660);

/// The limit that is assumed where the server does not give its end.
pub(crate) const UNKNOWN_LIMIT: Duration = Duration::from_secs(60);

/// Why the API refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The token is invalid, revoked or expired.
    InvalidToken,
    /// The token does not permit the request.
    Forbidden,
    /// The organisation requires a token that is authorised for its single sign-on.
    SingleSignOn,
    /// The rate limit is exceeded.
    Limit {
        /// When the API accepts requests again.
        until: SystemTime,
    },
}

/// The refusal of a response with this message; `None` for every other response.
pub(crate) fn judge(
    status: u16,
    headers: &HeaderMap,
    message: &str,
    now: SystemTime,
) -> Option<Refusal> {
    let message = message.to_ascii_lowercase();
    match status {
        401 => return Some(Refusal::InvalidToken),
        403 | 429 => {}
        _ => return None,
    }
    let limit = |wait: Duration| Some(Refusal::Limit { until: now + wait.min(MAX_LIMIT) });
    if let Some(seconds) = number(headers, "retry-after") {
        return limit(Duration::from_secs(seconds));
    }
    if number(headers, "x-ratelimit-remaining") == Some(0) {
        return limit(until_reset(headers, now).unwrap_or(UNKNOWN_LIMIT));
    }
    if status == 429 || message.contains("rate limit") || message.contains("abuse detection") {
        return limit(UNKNOWN_LIMIT);
    }
    if headers.contains_key("x-github-sso") || message.contains("saml") {
        return Some(Refusal::SingleSignOn);
    }
    Some(Refusal::Forbidden)
}

/// The time until the limit is reset, by the server's clock.
pub(crate) fn until_reset(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let reset = Duration::from_secs(number(headers, "x-ratelimit-reset")?);
    let date = headers.get("date").and_then(|date| date.to_str().ok());
    let server_now = date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    let server_now = server_now.duration_since(UNIX_EPOCH).unwrap_or_default();
    // `Date` has whole seconds.
    Some(reset.saturating_sub(server_now) + Duration::from_secs(1))
}

/// The number in a header.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn judged(status: u16, lines: &[(&str, &str)], message: &str) -> Option<Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(
                loom_http::header::HeaderName::try_from(*name).unwrap(),
                value.parse().unwrap(),
            );
        }
        judge(status, &headers, message, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn until(after: u64) -> Option<Refusal> {
        Some(Refusal::Limit { until: UNIX_EPOCH + Duration::from_secs(NOW + after) })
    }

    #[test]
    fn limits_and_refusals_differ() {
        let reset = ("x-ratelimit-reset", "1800000600");
        for (status, lines, message, expected) in [
            (200, &[][..], "", None),
            (404, &[], "Not Found", None),
            (401, &[], "Bad credentials", Some(Refusal::InvalidToken)),
            (403, &[("x-ratelimit-remaining", "0"), reset], "", until(601)),
            (429, &[("x-ratelimit-remaining", "0"), reset], "", until(601)),
            (403, &[("x-ratelimit-remaining", "12"), reset], "Forbidden", Some(Refusal::Forbidden)),
            (403, &[("retry-after", "30"), ("x-ratelimit-remaining", "0"), reset], "", until(30)),
            (429, &[("retry-after", "86400")], "", until(3660)),
            (403, &[], "You have exceeded a secondary rate limit.", until(60)),
            (403, &[("x-ratelimit-remaining", "0")], "", until(60)),
            (429, &[], "", until(60)),
            (403, &[], "You have triggered an abuse detection mechanism", until(60)),
            (
                403,
                &[("x-github-sso", "required; url=https://github.com/orgs/o/sso")],
                "Resource protected by organization SAML enforcement.",
                Some(Refusal::SingleSignOn),
            ),
            (403, &[], "Resource not accessible by integration", Some(Refusal::Forbidden)),
        ] {
            assert_eq!(judged(status, lines, message), expected, "{status} {lines:?} {message}");
        }
    }

    #[test]
    fn the_clock_of_the_server_is_used() {
        // This machine's clock is an hour behind; the limit is reset in ten minutes.
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(NOW + 3600));
        let lines = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1800004200"),
            ("date", date.as_str()),
        ];
        assert_eq!(judged(403, &lines, ""), until(601));
    }
}
