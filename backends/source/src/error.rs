//! What went wrong at a source, and what may be done about it.

use std::time::Duration;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A source could not answer. Every variant names the act that failed and where (`at`: a URL or path without secrets).
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No connection: name not resolved, refused, TLS, proxy.
    #[error("could not connect to {at}")]
    Connect {
        /// Where.
        at: String,
        /// Why.
        source: Cause,
    },
    /// A connection, but not one that can be trusted: an unknown authority, a wrong name, an expired certificate.
    #[error("could not connect safely to {at}")]
    Tls {
        /// Where.
        at: String,
        /// Why.
        source: Cause,
    },
    /// The network is needed and may not be used.
    #[error("{at} is beyond this machine, and we are offline")]
    Offline {
        /// Where.
        at: String,
    },
    /// Nothing moved for longer than the source's `timeout`.
    #[error("{at} made no progress for {after:?}")]
    Stall {
        /// Where.
        at: String,
        /// The budget that ran out.
        after: Duration,
    },
    /// The whole took longer than the source's `total_timeout`.
    #[error("{at} took longer than its total_timeout of {after:?}")]
    Budget {
        /// Where.
        at: String,
        /// The budget that ran out.
        after: Duration,
    },
    /// A status that says neither yes nor no.
    #[error("{at} answered {status}")]
    Status {
        /// Where.
        at: String,
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` asked for.
        retry_after: Option<Duration>,
    },
    /// Access refused: 401, 403, 407 or permission denied.
    #[error("{at} refused access ({status})")]
    Credentials {
        /// Where.
        at: String,
        /// The HTTP status, or what the system said.
        status: String,
    },
    /// Access refused by somebody who says why.
    #[error("{at} refused access: {why}")]
    Refused {
        /// Where.
        at: String,
        /// What was said.
        why: String,
        /// What can be done.
        hint: String,
    },
    /// A rate limit: no more requests for a while.
    #[error("{at} takes no more requests from {who} until {until}")]
    Limited {
        /// The server.
        at: String,
        /// Whom the limit is counted for.
        who: String,
        /// When it takes some again, for people.
        until: String,
        /// How long that is from now.
        after: Duration,
        /// How to do without.
        hint: String,
    },
    /// There is nothing to identify ourselves with.
    #[error("there are no credentials for {at}: {why}")]
    NoCredentials {
        /// For what.
        at: String,
        /// Where they were looked for.
        why: String,
    },
    /// The body broke off.
    #[error("the transfer from {at} broke off after {read} bytes")]
    Interrupted {
        /// Where.
        at: String,
        /// Bytes of this answer that arrived.
        read: u64,
        /// Why, where anything is known.
        source: Option<Cause>,
    },
    /// A file or folder could not be read.
    #[error("could not read {at}")]
    Read {
        /// Where.
        at: String,
        /// Why.
        source: std::io::Error,
    },
    /// Something that the source itself offered is not there (any more).
    #[error("{at} is not there, though it was offered")]
    Gone {
        /// Where.
        at: String,
    },
    /// A page for people instead of a file: a proxy, a login page, a captive portal.
    #[error("{at} answered with an HTML page instead of a file (a proxy or login page?)")]
    Html {
        /// Where.
        at: String,
    },
    /// The bytes come transformed.
    #[error(
        "{at} answered with Content-Encoding {encoding:?}, though the bytes as published were asked for"
    )]
    Encoded {
        /// Where.
        at: String,
        /// The encoding.
        encoding: String,
    },
    /// A range that was not asked for.
    #[error("{at} was asked for bytes from {asked} and answered {got}")]
    Range {
        /// Where.
        at: String,
        /// The first byte asked for.
        asked: u64,
        /// What was said instead.
        got: String,
    },
    /// A redirect we do not follow.
    #[error("{at} redirects to {to}: {why}")]
    Redirect {
        /// Where.
        at: String,
        /// Where to.
        to: String,
        /// Why not.
        why: &'static str,
    },
    /// Plain HTTP beyond loopback without leave.
    #[error("{at} is plain http beyond this machine")]
    Insecure {
        /// Where.
        at: String,
    },
    /// A document of the source cannot be understood.
    #[error("{at} is not what it should be: {why}")]
    Malformed {
        /// Where.
        at: String,
        /// What is wrong with it.
        why: String,
    },
    /// A build that the source had to make failed.
    #[error("{act} failed in {at}: {why}")]
    Build {
        /// The command.
        act: String,
        /// The checkout.
        at: String,
        /// The status or the tool's last words.
        why: String,
    },
}

/// What may be done after an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// The same request may succeed later, not before the time given.
    Retry {
        /// What the source asked for.
        after: Option<Duration>,
    },
    /// This source will not do; another one may.
    Next,
    /// Nothing may: the answer is final for all sources (a build that fails, say).
    Stop,
}

/// What kind of failure this is, for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorClass {
    /// The source could not serve.
    Unreachable,
    /// The source wants credentials.
    Credentials,
    /// The source needs the network, which may not be used.
    Offline,
}

impl SourceError {
    /// What may be done about it.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Connect { .. } | Self::Interrupted { .. } => Advice::Retry { after: None },
            Self::Status { status: 408 | 425 | 429 | 500..=599, retry_after, .. } => {
                Advice::Retry { after: *retry_after }
            }
            Self::Build { .. } => Advice::Stop,
            _ => Advice::Next,
        }
    }

    /// What kind of failure this is.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Credentials { .. } | Self::NoCredentials { .. } | Self::Refused { .. } => {
                ErrorClass::Credentials
            }
            Self::Offline { .. } => ErrorClass::Offline,
            _ => ErrorClass::Unreachable,
        }
    }

    /// What the person in front of the screen can do, where this error knows better than «try later».
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Insecure { .. } => {
                "use https, or set allow_http = true for this source if you trust the network"
                    .to_owned()
            }
            Self::Tls { .. } => {
                "if a company proxy or a private authority is in between, give its certificate: \
                 ca = \"FILE.pem\" for this source, or SSL_CERT_FILE"
                    .to_owned()
            }
            Self::Offline { .. } => {
                "leave out --offline (LOOM_OFFLINE) to use the network".to_owned()
            }
            Self::Html { at } => {
                format!(
                    "open {at} in a browser: a proxy may want you to log in; HTTPS_PROXY and NO_PROXY are honoured"
                )
            }
            Self::Credentials { status, .. } if status.starts_with("407") => {
                "give the proxy's user and password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, or proxy = \"…\" \
                 for this source"
                    .to_owned()
            }
            Self::Refused { hint, .. } | Self::Limited { hint, .. } => hint.clone(),
            Self::Credentials { at, .. } => {
                format!("check that you may read {at}, and the credentials for it")
            }
            Self::NoCredentials { .. } => {
                "give them as its own tools know them, or set anonymous = true for this source if everybody may read it"
                    .to_owned()
            }
            _ => return None,
        })
    }
}
