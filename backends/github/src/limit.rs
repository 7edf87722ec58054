//! What a refusal of the API means. Rules after GitHub's «Rate limits for the REST API».

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loom_http::header::HeaderMap;

/// No limit of GitHub's lasts longer than an hour; a server that says so is not believed for longer.
const LONGEST: Duration = Duration::from_secs(3660);

/// How long to leave a server alone that does not say it.
pub(crate) const UNSAID: Duration = Duration::from_secs(60);

/// Why the API refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The token is not one (any more).
    Token,
    /// The token is right, and not allowed to.
    Forbidden,
    /// The organisation wants the token authorised for its single sign-on.
    SingleSignOn,
    /// Too many requests.
    Limit {
        /// When it takes some again.
        until: SystemTime,
    },
}

/// Reads a refusal; `None` for every other answer. `said` are its words.
pub(crate) fn judge(
    status: u16,
    headers: &HeaderMap,
    said: &str,
    now: SystemTime,
) -> Option<Refusal> {
    let said = said.to_ascii_lowercase();
    match status {
        401 => return Some(Refusal::Token),
        403 | 429 => {}
        _ => return None,
    }
    let limit = |wait: Duration| Some(Refusal::Limit { until: now + wait.min(LONGEST) });
    if let Some(seconds) = number(headers, "retry-after") {
        return limit(Duration::from_secs(seconds));
    }
    if number(headers, "x-ratelimit-remaining") == Some(0) {
        return limit(until_reset(headers, now).unwrap_or(UNSAID));
    }
    if status == 429 || said.contains("rate limit") || said.contains("abuse detection") {
        return limit(UNSAID);
    }
    if headers.contains_key("x-github-sso") || said.contains("saml") {
        return Some(Refusal::SingleSignOn);
    }
    Some(Refusal::Forbidden)
}

/// How long until the server counts anew, by the server's own clock.
pub(crate) fn until_reset(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let reset = Duration::from_secs(number(headers, "x-ratelimit-reset")?);
    let date = headers.get("date").and_then(|date| date.to_str().ok());
    let there = date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    let there = there.duration_since(UNIX_EPOCH).unwrap_or_default();
    // Its clock is shown in whole seconds.
    Some(reset.saturating_sub(there) + Duration::from_secs(1))
}

/// A number in a header.
pub(crate) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn judged(status: u16, lines: &[(&str, &str)], said: &str) -> Option<Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.insert(
                loom_http::header::HeaderName::try_from(*name).unwrap(),
                value.parse().unwrap(),
            );
        }
        judge(status, &headers, said, UNIX_EPOCH + Duration::from_secs(NOW))
    }

    fn until(after: u64) -> Option<Refusal> {
        Some(Refusal::Limit { until: UNIX_EPOCH + Duration::from_secs(NOW + after) })
    }

    #[test]
    fn limits_are_told_from_what_is_forbidden() {
        let reset = ("x-ratelimit-reset", "1800000600");
        for (status, lines, said, expected) in [
            (200, &[][..], "", None),
            (404, &[], "Not Found", None),
            (401, &[], "Bad credentials", Some(Refusal::Token)),
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
            assert_eq!(judged(status, lines, said), expected, "{status} {lines:?} {said}");
        }
    }

    #[test]
    fn the_server_s_clock_counts_not_ours() {
        // Our clock is an hour behind; in truth it is ten minutes to the reset.
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(NOW + 3600));
        let lines = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1800004200"),
            ("date", date.as_str()),
        ];
        assert_eq!(judged(403, &lines, ""), until(601));
    }
}
