//! [`NetworkSettings`]: how a source uses the network, as plain values from the caller.

use std::time::Duration;

use secrecy::SecretString;

use crate::{journal::Journal, retry::RequestRetry};

/// How a source uses the network.
#[derive(Debug, Clone)]
pub struct NetworkSettings {
    /// The longest time without progress: from the request (or from the new connection) to the headers of the response,
    /// and between two pieces of the body. Pauses and repeated requests count as time without progress. A small document
    /// has to be whole within this time. The time for which the process is stopped does not count.
    pub timeout: Duration,
    /// The longest time for a new connection: name resolution, TCP, proxy and TLS together. `None` is `timeout`.
    pub connect_timeout: Option<Duration>,
    /// The longest time for one file, if that is limited.
    pub total_timeout: Option<Duration>,
    /// Whether URLs with plain `http` beyond this machine are requested.
    pub allow_http: bool,
    /// Whether only URLs of this machine are requested.
    pub offline: bool,
    /// The proxies. URLs of this machine are requested without one.
    pub proxy: ProxySettings,
    /// The certificate authorities that are trusted.
    pub roots: Roots,
    /// Further trusted certificates: PEM, one or more in each.
    pub ca: Vec<Vec<u8>>,
    /// The value of the header `User-Agent`.
    pub user_agent: String,
    /// When requests are repeated.
    pub retry: RequestRetry,
    /// Records the requests, if given.
    pub journal: Option<Journal>,
}

/// The certificate authorities that are trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Roots {
    /// Those of the system; where it has none (a bare container), those of Mozilla at the time of the build.
    #[default]
    System,
    /// These instead: PEM, any number in each, as `SSL_CERT_FILE` and `SSL_CERT_DIR` give them.
    Only(Vec<Vec<u8>>),
}

/// The proxies, as `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` give them.
///
/// A proxy is a URL or `host:port`, and can have a user and password.
#[derive(Debug, Clone, Default)]
pub struct ProxySettings {
    /// The proxy for `https` URLs.
    pub https: Option<SecretString>,
    /// The proxy for `http` URLs.
    pub http: Option<SecretString>,
    /// The proxy for URLs without a proxy of their scheme.
    pub all: Option<SecretString>,
    /// The hosts that are requested without a proxy: names (with all names below them), addresses and networks,
    /// separated by commas.
    pub no_proxy: Option<String>,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The certificates cannot be read.
    #[error("the certificates of further authorities cannot be used: {0}")]
    Ca(String),
    /// The proxy is not a URL. Its text is not displayed, because it may hold a password.
    #[error(
        "the {0} proxy is not a URL such as http://proxy.example:3128 (or https://, socks5://, socks5h://, socks4://, socks4a://)"
    )]
    Proxy(&'static str),
    /// The user agent is not the value of a header.
    #[error("the user agent has characters that HTTP does not allow")]
    UserAgent,
}

impl Default for NetworkSettings {
    /// Ten seconds without progress, no total limit, the certificates of the system, no proxy.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            connect_timeout: None,
            total_timeout: None,
            allow_http: false,
            offline: false,
            proxy: ProxySettings::default(),
            roots: Roots::default(),
            ca: Vec::new(),
            user_agent: user_agent(),
            retry: RequestRetry::default(),
            journal: None,
        }
    }
}

/// `loom-rt/0.2.0 (+https://…; linux x86_64)`
fn user_agent() -> String {
    let (version, url) = (env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_REPOSITORY"));
    format!("loom-rt/{version} (+{url}; {} {})", std::env::consts::OS, std::env::consts::ARCH)
}
