//! The rate limit of the API, and the headers that report it.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{http::RawResponse, repository::Repository};

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Requester {
    Anonymous,
    Authenticated,
}

impl Requester {
    fn limit(self) -> u64 {
        match self {
            Self::Anonymous => 60,
            Self::Authenticated => 5000,
        }
    }
}

/// Counts one request; `false` where none is left.
pub(super) fn count(repository: &mut Repository, requester: Requester) -> bool {
    match &mut repository.remaining[requester as usize] {
        Some(0) => false,
        Some(remaining) => {
            *remaining -= 1;
            true
        }
        None => true,
    }
}

/// Uncounts one request: an unchanged document (304) costs nothing with a token.
pub(super) fn uncount(repository: &mut Repository, requester: Requester) {
    if let (Requester::Authenticated, Some(remaining)) =
        (requester, &mut repository.remaining[requester as usize])
    {
        *remaining += 1;
    }
}

/// The remaining requests, the limit, and the time of the reset (seconds since 1970).
pub(super) fn status(repository: &Repository, requester: Requester) -> Option<(u64, u64, u64)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    repository.remaining[requester as usize]
        .map(|remaining| (remaining, requester.limit(), now + repository.reset_seconds))
}

/// The response with the headers that report the limit.
pub(super) fn with_headers(
    repository: &Repository,
    requester: Requester,
    response: RawResponse,
) -> RawResponse {
    let response = response.with("Date", httpdate::fmt_http_date(SystemTime::now()));
    let Some((remaining, limit, reset)) = status(repository, requester) else { return response };
    response
        .with("X-RateLimit-Limit", limit.to_string())
        .with("X-RateLimit-Remaining", remaining.to_string())
        .with("X-RateLimit-Used", limit.saturating_sub(remaining).to_string())
        .with("X-RateLimit-Reset", reset.to_string())
        .with("X-RateLimit-Resource", "core")
}
