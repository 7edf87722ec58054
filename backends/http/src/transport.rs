//! TLS, proxies and connection pools.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use loom_base::{loopback::is_loopback_url, redact};
use loom_source::{SourceError, SourceErrorKind};
use reqwest::{ClientBuilder, redirect};
use url::Url;

use crate::{
    client_error,
    connect_timings::{ConnectWatch, SystemResolver},
    network_settings::{NetworkError, NetworkSettings},
    proxy::ProxyRules,
    roots::TrustedRoots,
};

/// The clients of the library, each built for the first request that needs it: loading the system's certificates takes
/// milliseconds, which plain http to this machine does not need.
pub(crate) struct HttpTransport {
    proxies: ProxyRules,
    trusted: TrustedRoots,
    /// Without TLS and proxies.
    plain: OnceLock<Result<reqwest::Client, String>>,
    secure: OnceLock<Result<reqwest::Client, String>>,
}

/// The library displays its proxies with their passwords, so only their number is displayed.
impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (proxies, extra) = (self.proxies.rules().len(), self.trusted.extra.len());
        write!(f, "HttpTransport {{ proxies: {proxies}, extra certificates: {extra} }}")
    }
}

impl HttpTransport {
    /// Checks the settings; builds no client yet.
    pub(crate) fn new(network: &NetworkSettings) -> Result<Self, NetworkError> {
        loom_tls::install_provider();
        reqwest::header::HeaderValue::from_str(&network.user_agent)
            .map_err(|_| NetworkError::UserAgent)?;
        Ok(Self {
            proxies: ProxyRules::new(&network.proxy)?,
            trusted: TrustedRoots::new(network)?,
            plain: OnceLock::new(),
            secure: OnceLock::new(),
        })
    }

    /// The URL of the proxy for a URL, without user and password.
    pub(crate) fn proxy(&self, url: &Url) -> Option<String> {
        self.proxies.proxy(url)
    }

    /// The client for a URL.
    pub(crate) fn client(
        &self,
        network: &NetworkSettings,
        url: &Url,
    ) -> Result<&reqwest::Client, SourceError> {
        // A proxy may be reached over TLS.
        let plain =
            url.scheme() == "http" && (self.proxies.rules().is_empty() || is_loopback_url(url));
        let cell = if plain { &self.plain } else { &self.secure };
        let built = cell.get_or_init(|| {
            let built =
                if plain { loom_tls::only(base(network), &[], &[]) } else { self.secure(network) };
            built.map_err(|error| client_error::causes_of(error).to_string())
        });
        built.as_ref().map_err(|reason| {
            SourceError::new(redact::url(url), SourceErrorKind::Tls).caused_by(reason.clone())
        })
    }

    fn secure(&self, network: &NetworkSettings) -> reqwest::Result<reqwest::Client> {
        let builder = || {
            let rules = self.proxies.rules().iter().cloned();
            rules.fold(base(network), ClientBuilder::proxy)
        };
        let TrustedRoots { only, extra } = &self.trusted;
        match only {
            Some(roots) => loom_tls::only(builder(), roots, extra),
            None => loom_tls::client(builder, extra),
        }
    }
}

/// The settings of all clients. Timeouts are enforced where the clients are used.
fn base(network: &NetworkSettings) -> ClientBuilder {
    reqwest::Client::builder()
        .user_agent(&network.user_agent)
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .dns_resolver(Arc::new(SystemResolver))
        .connector_layer(ConnectWatch)
}
