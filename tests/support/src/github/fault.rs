//! The faults that can be injected.

use std::time::Duration;

/// A fault of the server.
#[derive(Debug, Clone)]
pub enum GithubFault {
    /// This status, these headers, and this message in the form of the API.
    Status(u16, Vec<(&'static str, String)>, &'static str),
    /// The end of the connection after this many bytes of an upload, which leaves an incomplete asset.
    AbortUpload(usize),
    /// An HTML login page with status 200.
    Html,
    /// No response for as long as the server lives.
    Silent,
    /// This many bytes of the body, then nothing for as long as the server lives.
    Stall(usize),
    /// This many bytes of the body under the right `Content-Length`, then the end of the connection.
    Cut(usize),
    /// This many bytes of the body at a time, with this pause between them.
    Drip(usize, Duration),
    /// The whole file with status 200, though a range was requested.
    IgnoreRange,
    /// Status 416 for every range.
    NoRange,
}

impl GithubFault {
    /// Status 429 with `Retry-After` in seconds.
    pub fn retry_after(seconds: u64) -> Self {
        Self::Status(429, vec![("Retry-After", seconds.to_string())], "Too many requests")
    }

    /// The secondary rate limit, which does not say when it ends.
    pub fn secondary_limit() -> Self {
        let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
        Self::Status(403, Vec::new(), message)
    }

    /// The refusal of an organisation that requires single sign-on.
    pub fn single_sign_on() -> Self {
        let sso = "required; url=https://github.example/orgs/o/sso?authorization_request=secret";
        let message = "Resource protected by organization SAML enforcement. You must grant your OAuth token access \
                       to this organization.";
        Self::Status(403, vec![("X-GitHub-SSO", sso.to_owned())], message)
    }
}
