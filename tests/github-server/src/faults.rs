//! What the server can be told to do wrong, exactly.

use std::time::Duration;

/// One misbehaviour.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status, these headers, and a message as the API gives it.
    Status(u16, Vec<(&'static str, String)>, &'static str),
    /// A page that says «please log in», with status 200.
    Html,
    /// Reads the request and says nothing for as long as the server lives.
    Silent,
    /// Sends this many bytes of the body, then nothing for as long as the server lives.
    Stall(usize),
    /// Sends this many bytes of the body under the right length, then closes the connection.
    Cut(usize),
    /// Sends this many bytes at a time with this pause between them.
    Drip(usize, Duration),
    /// Answers a range with everything (200).
    IgnoreRange,
    /// Answers every range with 416.
    NoRange,
}

impl Fault {
    /// 429 that asks to stay away for some seconds.
    pub fn retry_after(seconds: u64) -> Self {
        Self::Status(429, vec![("Retry-After", seconds.to_string())], "Too many requests")
    }

    /// The secondary limit, which says nothing of when it ends.
    pub fn secondary() -> Self {
        let said = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
        Self::Status(403, Vec::new(), said)
    }

    /// An organisation that wants single sign-on.
    pub fn single_sign_on() -> Self {
        let sso = "required; url=https://github.example/orgs/o/sso?authorization_request=secret";
        let said = "Resource protected by organization SAML enforcement. You must grant your OAuth token access to \
                    this organization.";
        Self::Status(403, vec![("X-GitHub-SSO", sso.to_owned())], said)
    }
}
