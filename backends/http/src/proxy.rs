//! Which proxy stands before an address.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{NoProxy, Proxy};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::{NetworkError, ProxySettings};

/// This machine is never asked through a proxy.
const ALWAYS_DIRECT: &str = "localhost,127.0.0.0/8,::1,0.0.0.0,::";

/// The schemes that proxies are spoken to by.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// The settings in the forms that the library below takes.
pub(crate) struct ProxyRules {
    rules: Vec<Proxy>,
    /// The same once more: the library does not say which of them it would use.
    shown: Matcher,
}

type Rule = fn(Url) -> reqwest::Result<Proxy>;

impl ProxyRules {
    pub(crate) fn new(settings: &ProxySettings) -> Result<Self, NetworkError> {
        let direct = direct(settings.no_proxy.as_deref().unwrap_or_default());
        let (mut rules, mut shown) = (Vec::new(), Matcher::builder().no(&direct));
        let given: [(&'static str, &Option<SecretString>, Rule); 3] = [
            ("https", &settings.https, |url| Proxy::https(url)),
            ("http", &settings.http, |url| Proxy::http(url)),
            ("all", &settings.all, |url| Proxy::all(url)),
        ];
        for (name, text, rule) in given {
            let Some(url) = text.as_ref().map(|text| parse(name, text)).transpose()?.flatten()
            else {
                continue;
            };
            shown = match name {
                "https" => shown.https(url.as_str()),
                "http" => shown.http(url.as_str()),
                _ => shown.all(url.as_str()),
            };
            let proxy = rule(url).map_err(|_| NetworkError::Proxy(name))?;
            rules.push(proxy.no_proxy(NoProxy::from_string(&direct)));
        }
        Ok(Self { rules, shown: shown.build() })
    }

    pub(crate) fn rules(&self) -> &[Proxy] {
        &self.rules
    }

    /// The proxy that an address is asked through, without user and password.
    pub(crate) fn before(&self, url: &Url) -> Option<String> {
        let proxy = self.shown.intercept(&url.as_str().parse().ok()?)?;
        Some(proxy.uri().to_string().trim_end_matches('/').to_owned())
    }
}

/// A proxy's address: a URL, or `host:port` for one that speaks HTTP. `None` for nothing at all.
fn parse(name: &'static str, text: &SecretString) -> Result<Option<Url>, NetworkError> {
    let text = text.expose_secret().trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || NetworkError::Proxy(name);
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let mut url: Url = whole.parse().map_err(|_| wrong())?;
    // What the library cannot read it passes over, and would ask directly.
    if !SCHEMES.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong());
    }
    if url.scheme().starts_with("socks") && url.port().is_none() {
        url.set_port(Some(1080)).map_err(|()| wrong())?;
    }
    let read = Matcher::builder().all(url.as_str()).build();
    let any = "https://any.invalid".parse().map_err(|_| wrong())?;
    read.intercept(&any).map(|_| Some(url)).ok_or_else(wrong)
}

/// `NO_PROXY` as people write it (commas or spaces between, `*.` before a domain, brackets around an address)
/// in the one form that is understood below, and this machine.
fn direct(no_proxy: &str) -> String {
    let entries = no_proxy.split(|c: char| c == ',' || c.is_whitespace());
    let entries = entries.filter(|entry| !entry.is_empty()).map(|entry| {
        let entry = entry.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(entry);
        entry.trim_matches(['[', ']'])
    });
    entries.chain([ALWAYS_DIRECT]).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(https: &str, http: &str, all: &str, no_proxy: &str) -> ProxySettings {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned().into());
        ProxySettings {
            https: given(https),
            http: given(http),
            all: given(all),
            no_proxy: Some(no_proxy.to_owned()),
        }
    }

    fn before(settings: &ProxySettings, url: &str) -> Option<String> {
        ProxyRules::new(settings).unwrap().before(&url.parse().unwrap())
    }

    #[test]
    fn the_special_stands_before_the_general() {
        let all = settings("http://s:1", "http://p:2", "socks5://a", "");
        assert_eq!(before(&all, "https://x.example/"), Some("http://s:1".into()));
        assert_eq!(before(&all, "http://x.example/"), Some("http://p:2".into()));
        let general = settings("", "p:2", "socks5h://u:pw@a", "");
        assert_eq!(before(&general, "https://x.example/"), Some("socks5h://a:1080".into()));
        assert_eq!(before(&general, "http://x.example/"), Some("http://p:2".into()));
        assert_eq!(before(&settings("", "", "", ""), "https://x.example/"), None);
    }

    #[test]
    fn no_proxy_is_read_as_people_write_it() {
        for (no_proxy, url, direct) in [
            ("example.com", "https://example.com/", true),
            ("example.com", "https://www.EXAMPLE.com/", true),
            ("example.com", "https://notexample.com/", false),
            (".example.com", "https://a.example.com/", true),
            ("*.example.com", "https://a.example.com/", true),
            ("a.test example.com", "https://example.com/", true),
            ("a.test, example.com", "https://example.com:8443/", true),
            ("10.0.0.0/8", "https://10.1.2.3/", true),
            ("10.0.0.0/8", "https://11.1.2.3/", false),
            ("[2001:db8::1]", "https://[2001:db8::1]/", true),
            ("*", "https://anything.example/", true),
            ("", "http://127.0.0.1:1/", true),
            ("", "http://localhost:1/", true),
            ("", "http://[::1]:1/", true),
        ] {
            let settings = settings("", "", "http://p:1", no_proxy);
            assert_eq!(before(&settings, url).is_none(), direct, "{no_proxy:?} {url}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_refused_and_not_passed_over() {
        for bad in ["ftp://p:1", "http://", "://", "p:99999", "file:///x", "http://a b"] {
            let refused = ProxyRules::new(&settings(bad, "", "", ""));
            assert_eq!(refused.err(), Some(NetworkError::Proxy("https")), "{bad}");
        }
        for good in ["p", "p:3128", "http://u:p%40w@p:1/", "https://p", "socks4a://p", "[::1]:8"] {
            assert!(ProxyRules::new(&settings(good, "", "", "")).is_ok(), "{good}");
        }
    }
}
