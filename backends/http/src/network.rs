//! How the network is to be used: plain values, collected by the caller.

use std::time::Duration;

use secrecy::SecretString;

use crate::{Journal, RequestRetry};

/// How one source may use the network.
#[derive(Debug, Clone)]
pub struct NetworkSettings {
    /// The longest time without progress: from the request (or the connection, where a new one was needed) to the
    /// answer's headers, and between two pieces of its body. Asking again for the same counts as waiting too.
    pub timeout: Duration,
    /// The longest time for a new connection: name, TCP, proxy and TLS together. Like `timeout` where `None`.
    pub connect_timeout: Option<Duration>,
    /// The longest time for one file, where there is a limit at all.
    pub total_timeout: Option<Duration>,
    /// Whether plain `http://` beyond this machine is allowed.
    pub allow_http: bool,
    /// Whether only this machine may be asked.
    pub offline: bool,
    /// Which proxies to use. This machine is never asked through one.
    pub proxy: ProxySettings,
    /// Whose certificates are trusted.
    pub roots: Roots,
    /// Certificates (PEM, one or more in each) trusted besides those.
    pub ca: Vec<Vec<u8>>,
    /// What we call ourselves.
    pub user_agent: String,
    /// When to ask again.
    pub retry: RequestRetry,
    /// Where it is noted who was asked and how long that took, if anybody wants to know.
    pub journal: Option<Journal>,
}

/// Whose certificates are trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Roots {
    /// Those of the system; where it has none (a bare container), Mozilla's as they were when loom was built.
    #[default]
    System,
    /// These instead (PEM, any number in each), as `SSL_CERT_FILE` and `SSL_CERT_DIR` give them.
    Only(Vec<Vec<u8>>),
}

/// Which proxies to use, as `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` give them.
/// A proxy is a URL or `host:port`; it may hold a user and password.
#[derive(Debug, Clone, Default)]
pub struct ProxySettings {
    /// For `https://`.
    pub https: Option<SecretString>,
    /// For `http://`.
    pub http: Option<SecretString>,
    /// For both, where nothing more special is given.
    pub all: Option<SecretString>,
    /// What is asked directly: host names (with all below them), addresses and networks, separated by commas.
    pub no_proxy: Option<String>,
}

/// A setting that no client can be built from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Not a certificate.
    #[error("the extra CA certificates cannot be used: {0}")]
    Ca(String),
    /// Not a proxy. Its text is not shown: it may hold a password.
    #[error(
        "the {0} proxy is not a URL such as http://proxy.example:3128 (or https://, socks5://, socks5h://, socks4://, socks4a://)"
    )]
    Proxy(&'static str),
    /// Not a header value.
    #[error("the user agent holds characters that HTTP does not allow")]
    UserAgent,
}

impl Default for NetworkSettings {
    /// Ten seconds without progress, no limit for the whole, the system's certificates, no proxy.
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
