//! [`RateLimitExceeded`]: until when a server accepts no more requests, and from whom.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use loom_base::time::{format_duration, format_rfc3339};

/// A server accepts no more requests for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimitExceeded {
    /// Whose requests the server counts.
    pub client: RateLimitedClient,
    /// When the server accepts requests again, by this machine's clock.
    pub until: SystemTime,
    /// How long that was from the time of the answer.
    pub after: Duration,
    /// Whether a version that is named exactly and has checksum files can be fetched without these requests.
    pub exact_version_exempt: bool,
}

/// Whose requests a server counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateLimitedClient {
    /// Those made with the token.
    Token {
        /// The environment variable that holds the token.
        variable: String,
    },
    /// Those without a token, by the network address that they come from.
    Anonymous {
        /// The environment variable that would hold a token, which has a limit of its own; `None` where the source is
        /// configured with none.
        token_variable: Option<String>,
    },
}

impl fmt::Display for RateLimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.client {
            RateLimitedClient::Token { variable } => write!(f, "the token in {variable}")?,
            RateLimitedClient::Anonymous { .. } => f.write_str("this network without a token")?,
        }
        let (until, after) = (format_rfc3339(self.until), format_duration(self.after));
        write!(f, " until {until} (in {after})")
    }
}
