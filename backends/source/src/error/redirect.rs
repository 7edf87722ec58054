//! [`RedirectRefusal`]: why a redirect is not followed.

use std::fmt;

/// Why a redirect is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectRefusal {
    /// From `https` to `http`.
    Downgrade,
    /// To a scheme other than `http` and `https`.
    NotHttp,
    /// From another machine to this one.
    ToLoopback,
    /// Beyond this machine, while the network is disabled.
    Offline,
    /// To plain `http` beyond this machine, which the source does not allow.
    PlainHttp,
    /// To a text that is not a URL.
    InvalidUrl,
    /// After as many redirects as are followed.
    TooMany,
}

impl fmt::Display for RedirectRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Downgrade => "https must not redirect to http",
            Self::NotHttp => "the target is neither http nor https",
            Self::ToLoopback => "another machine must not redirect to this one",
            Self::Offline => "network access is disabled",
            Self::PlainHttp => "http:// is not encrypted",
            Self::InvalidUrl => "the target is not a URL",
            Self::TooMany => "too many redirects",
        })
    }
}
