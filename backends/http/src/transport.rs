//! TLS, proxies and connection pools.

use std::{
    fmt,
    sync::{Once, OnceLock},
};

use loom_source::SourceError;
use reqwest::{Certificate, NoProxy, Proxy, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::{Network, NetworkError, ProxySettings, address, fault};

/// The clients below ours, built when first needed: loading the system's certificates takes milliseconds
/// that plain http to this machine need not pay.
pub(crate) struct Transport {
    proxies: Vec<Proxy>,
    extra: Vec<Certificate>,
    plain: OnceLock<Result<reqwest::Client, String>>,
    secure: OnceLock<Result<reqwest::Client, String>>,
}

/// The library shows its proxies with their passwords; we show how many there are.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (proxies, extra) = (self.proxies.len(), self.extra.len());
        write!(f, "Transport {{ proxies: {proxies}, extra certificates: {extra} }}")
    }
}

impl Transport {
    /// Checks the settings that a client can be refused for.
    pub(crate) fn new(network: &Network) -> Result<Self, NetworkError> {
        install_provider();
        reqwest::header::HeaderValue::from_str(&network.user_agent)
            .map_err(|_| NetworkError::UserAgent)?;
        Ok(Self {
            proxies: proxies(&network.proxy)?,
            extra: certificates(&network.ca)?,
            plain: OnceLock::new(),
            secure: OnceLock::new(),
        })
    }

    /// The client for an address.
    pub(crate) fn client(
        &self,
        network: &Network,
        url: &Url,
    ) -> Result<&reqwest::Client, SourceError> {
        // Beyond this machine a proxy may be in between, and that may speak TLS.
        let plain =
            url.scheme() == "http" && (self.proxies.is_empty() || address::is_loopback(url));
        let cell = if plain { &self.plain } else { &self.secure };
        let built = cell.get_or_init(|| {
            self.build(network, plain).map_err(|error| fault::why(error).to_string())
        });
        let at = || address::shown(url);
        built.as_ref().map_err(|why| SourceError::Tls { at: at(), source: why.clone().into() })
    }

    fn build(&self, network: &Network, plain: bool) -> reqwest::Result<reqwest::Client> {
        let builder = reqwest::Client::builder()
            .user_agent(&network.user_agent)
            .redirect(redirect::Policy::none())
            .connect_timeout(network.timeout)
            .referer(false)
            .no_proxy();
        if plain {
            return builder.tls_certs_only([]).build();
        }
        let builder = self.proxies.iter().cloned().fold(builder, reqwest::ClientBuilder::proxy);
        if self.extra.is_empty() {
            return builder.build();
        }
        builder.tls_certs_merge(self.extra.iter().cloned()).build()
    }
}

/// Makes ring the process's provider of cryptography, unless there is one already.
fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that somebody else has installed one, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

fn certificates(bundles: &[Vec<u8>]) -> Result<Vec<Certificate>, NetworkError> {
    let mut all = Vec::new();
    for bundle in bundles {
        let certificates = Certificate::from_pem_bundle(bundle)
            .map_err(|error| NetworkError::Ca(fault::why(error).to_string()))?;
        if certificates.is_empty() {
            return Err(NetworkError::Ca("a file holds no certificate in PEM form".to_owned()));
        }
        all.extend(certificates);
    }
    Ok(all)
}

type Rule = fn(&str) -> reqwest::Result<Proxy>;

fn proxies(settings: &ProxySettings) -> Result<Vec<Proxy>, NetworkError> {
    let given: [(&'static str, &Option<SecretString>, Rule); 3] = [
        ("https", &settings.https, |url| Proxy::https(url)),
        ("http", &settings.http, |url| Proxy::http(url)),
        ("all", &settings.all, |url| Proxy::all(url)),
    ];
    let direct = settings.no_proxy.as_deref().unwrap_or_default();
    let direct = NoProxy::from_string(&format!("{direct},localhost,127.0.0.0/8,::1"));
    let mut proxies = Vec::new();
    for (name, url, rule) in given {
        let Some(url) = url else { continue };
        // An empty variable means no proxy.
        if url.expose_secret().trim().is_empty() {
            continue;
        }
        let proxy = rule(url.expose_secret().trim()).map_err(|_| NetworkError::Proxy(name))?;
        proxies.push(proxy.no_proxy(direct.clone()));
    }
    Ok(proxies)
}
