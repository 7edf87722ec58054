//! The budget of requests, as headers tell of it.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{shelf::Shelf, wire::Answer};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Nobody,
    Known,
}

impl Who {
    fn limit(self) -> u64 {
        match self {
            Self::Nobody => 60,
            Self::Known => 5000,
        }
    }
}

/// Takes one request from the budget; `false` where none is left.
pub(crate) fn take(shelf: &mut Shelf, who: Who) -> bool {
    match &mut shelf.left[who as usize] {
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
        None => true,
    }
}

/// Gives a request back: what has not changed costs a known client nothing.
pub(crate) fn give_back(shelf: &mut Shelf, who: Who) {
    if let (Who::Known, Some(left)) = (who, &mut shelf.left[who as usize]) {
        *left += 1;
    }
}

/// What is left, of how much, and when it is counted anew (seconds since 1970).
pub(crate) fn counted(shelf: &Shelf, who: Who) -> Option<(u64, u64, u64)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    shelf.left[who as usize].map(|left| (left, who.limit(), now + shelf.reset))
}

/// The headers of an answer.
pub(crate) fn tell(shelf: &Shelf, who: Who, answer: Answer) -> Answer {
    let answer = answer.with("Date", httpdate::fmt_http_date(SystemTime::now()));
    let Some((left, limit, reset)) = counted(shelf, who) else { return answer };
    answer
        .with("X-RateLimit-Limit", limit.to_string())
        .with("X-RateLimit-Remaining", left.to_string())
        .with("X-RateLimit-Used", limit.saturating_sub(left).to_string())
        .with("X-RateLimit-Reset", reset.to_string())
        .with("X-RateLimit-Resource", "core")
}
