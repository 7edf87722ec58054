//! [`AccessDenied`]: who refused access, and what is known of the reason.

use std::fmt;

/// A refusal of access: HTTP 401, 403 or 407, or missing permissions in a file system.
///
/// # Examples
/// ```
/// use loom_source::{AccessDenied, SourceError};
///
/// // A bucket answers so for a missing object where listing is not permitted.
/// let denial = AccessDenied::by_server(403).or_absent().because("AccessDenied");
/// assert!(denial.may_be_absent);
/// let error = SourceError::denied("s3://releases/format", denial);
/// assert_eq!(error.to_string(), "s3://releases/format refused access (HTTP 403, AccessDenied)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessDenied {
    /// Who refused.
    pub by: RefusedBy,
    /// Whether the file may be absent instead: some servers hide with this refusal which files they do not have. Where
    /// a server refuses some files and serves others, those are absent; where it refuses all, access is denied.
    pub may_be_absent: bool,
    /// The reason that the refusing side gave: an error code or a message, on one line and without secrets.
    pub reason: Option<String>,
    /// What is known of the token that the request was made with.
    pub token: TokenState,
}

/// Who refused access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedBy {
    /// The server, with this HTTP status.
    Server {
        /// The HTTP status, such as 401 or 403.
        status: u16,
    },
    /// The proxy before the server.
    Proxy {
        /// The HTTP status (407); `None` for a SOCKS proxy, which has none.
        status: Option<u16>,
    },
    /// The file system of this machine.
    FileSystem,
    /// The program of a plugin.
    Plugin,
}

/// What is known of the token that a refused request was made with. Variables are named for a hint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TokenState {
    /// Nothing is known of the token.
    #[default]
    Unknown,
    /// There was none.
    Missing {
        /// The environment variable that would hold a token; `None` where the source is configured with none.
        variable: Option<String>,
        /// What the token has to permit reading, such as `owner/repository`.
        resource: String,
    },
    /// It is invalid, revoked or expired.
    Invalid {
        /// The environment variable that holds it.
        variable: String,
    },
    /// It is not authorised for the organisation's single sign-on.
    SingleSignOn {
        /// The environment variable that holds it.
        variable: String,
    },
    /// It does not permit reading the resource.
    Insufficient {
        /// The environment variable that holds it.
        variable: String,
        /// What it has to permit reading, such as `owner/repository`.
        resource: String,
    },
}

impl AccessDenied {
    /// A refusal by the server, with its HTTP status.
    pub fn by_server(status: u16) -> Self {
        Self::by(RefusedBy::Server { status })
    }

    /// A refusal that nothing further is known of.
    pub fn by(by: RefusedBy) -> Self {
        Self { by, may_be_absent: false, reason: None, token: TokenState::Unknown }
    }

    /// The same refusal, which may also mean that the file is absent.
    #[must_use]
    pub fn or_absent(self) -> Self {
        Self { may_be_absent: true, ..self }
    }

    /// The same refusal with the reason that the refusing side gave.
    #[must_use]
    pub fn because(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// The same refusal with what is known of the token.
    #[must_use]
    pub fn with_token(self, token: TokenState) -> Self {
        Self { token, ..self }
    }

    /// Writes the message of the refusal of access to `at`.
    pub(super) fn fmt_at(&self, at: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.by {
            RefusedBy::Server { status } | RefusedBy::Proxy { status: Some(status) } => {
                Some(format!("HTTP {status}"))
            }
            RefusedBy::Proxy { status: None } | RefusedBy::FileSystem | RefusedBy::Plugin => None,
        };
        match self.by {
            RefusedBy::FileSystem => write!(f, "permission denied: {at}")?,
            RefusedBy::Proxy { .. } => write!(f, "the proxy refused access to {at}")?,
            RefusedBy::Server { .. } | RefusedBy::Plugin => write!(f, "{at} refused access")?,
        }
        let token = self.token.variable().map(|variable| format!("token from {variable}"));
        let details: Vec<String> =
            [status, self.reason.clone(), token].into_iter().flatten().collect();
        if details.is_empty() { Ok(()) } else { write!(f, " ({})", details.join(", ")) }
    }
}

impl TokenState {
    /// The variable that holds the token that was sent; `None` where none was sent or nothing is known.
    fn variable(&self) -> Option<&str> {
        match self {
            Self::Unknown | Self::Missing { .. } => None,
            Self::Invalid { variable }
            | Self::SingleSignOn { variable }
            | Self::Insufficient { variable, .. } => Some(variable),
        }
    }
}
