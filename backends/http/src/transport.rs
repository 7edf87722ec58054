//! TLS, proxies and connection pools.

use std::{
    fmt,
    sync::{Arc, Once, OnceLock},
};

use loom_base::{loopback::is_loopback_url, redact};
use loom_source::{SourceError, SourceErrorKind};
use reqwest::{Certificate, ClientBuilder, redirect};
use url::Url;

use crate::{
    NetworkError, NetworkSettings, fault,
    moments::{SystemResolver, Watch},
    proxy::ProxyRules,
    roots::{self, TrustedRoots},
};

/// The clients below ours, built when first needed: loading the system's certificates takes milliseconds
/// that plain http to this machine need not pay.
pub(crate) struct HttpTransport {
    proxies: ProxyRules,
    trusted: TrustedRoots,
    plain: OnceLock<Result<reqwest::Client, String>>,
    secure: OnceLock<Result<reqwest::Client, String>>,
}

/// The library shows its proxies with their passwords; we show how many there are.
impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (proxies, extra) = (self.proxies.rules().len(), self.trusted.extra.len());
        write!(f, "Transport {{ proxies: {proxies}, extra certificates: {extra} }}")
    }
}

impl HttpTransport {
    /// Checks the settings that a client can be refused for.
    pub(crate) fn new(network: &NetworkSettings) -> Result<Self, NetworkError> {
        install_provider();
        reqwest::header::HeaderValue::from_str(&network.user_agent)
            .map_err(|_| NetworkError::UserAgent)?;
        Ok(Self {
            proxies: ProxyRules::new(&network.proxy)?,
            trusted: TrustedRoots::new(network)?,
            plain: OnceLock::new(),
            secure: OnceLock::new(),
        })
    }

    /// The proxy that an address is asked through, without user and password.
    pub(crate) fn via(&self, url: &Url) -> Option<String> {
        self.proxies.before(url)
    }

    /// The client for an address.
    pub(crate) fn client(
        &self,
        network: &NetworkSettings,
        url: &Url,
    ) -> Result<&reqwest::Client, SourceError> {
        // Beyond this machine a proxy may be in between, and that may speak TLS.
        let plain =
            url.scheme() == "http" && (self.proxies.rules().is_empty() || is_loopback_url(url));
        let cell = if plain { &self.plain } else { &self.secure };
        let built = cell.get_or_init(|| {
            let built =
                if plain { base(network).tls_certs_only([]).build() } else { self.secure(network) };
            built.map_err(|error| fault::why(error).to_string())
        });
        built.as_ref().map_err(|why| {
            SourceError::new(redact::url(url), SourceErrorKind::Tls).caused_by(why.clone())
        })
    }

    fn secure(&self, network: &NetworkSettings) -> reqwest::Result<reqwest::Client> {
        let builder = || {
            let rules = self.proxies.rules().iter().cloned();
            rules.fold(base(network), ClientBuilder::proxy)
        };
        let extra = || self.trusted.extra.iter().cloned();
        let only = |roots: &[Certificate]| {
            builder().tls_certs_only(roots.iter().cloned().chain(extra())).build()
        };
        match &self.trusted.only {
            Some(roots) => only(roots),
            None if self.trusted.extra.is_empty() => {
                // It fails where the system has no certificates at all.
                builder().build().or_else(|_| only(&roots::built_in()))
            }
            None => builder().tls_certs_merge(extra()).build(),
        }
    }
}

/// What all clients have in common. How long may be waited is watched where they are used.
fn base(network: &NetworkSettings) -> ClientBuilder {
    reqwest::Client::builder()
        .user_agent(&network.user_agent)
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .dns_resolver(Arc::new(SystemResolver))
        .connector_layer(Watch)
}

/// Makes ring the process's provider of cryptography, unless there is one already.
fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that somebody else has installed one, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
