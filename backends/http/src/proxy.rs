//! Which proxy is used for a URL.

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{NoProxy, Proxy};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::network_settings::{NetworkError, ProxySettings};

/// The hosts of this machine, which are always requested without a proxy.
const ALWAYS_DIRECT: &str = "localhost,127.0.0.0/8,::1,0.0.0.0,::";

/// The schemes of proxies that the client library supports.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// The proxy settings in the forms that the client library accepts.
pub(crate) struct ProxyRules {
    rules: Vec<Proxy>,
    /// The same rules again: the library does not tell which of them it would use.
    matcher: Matcher,
}

type RuleOf = fn(Url) -> reqwest::Result<Proxy>;

impl ProxyRules {
    pub(crate) fn new(settings: &ProxySettings) -> Result<Self, NetworkError> {
        let direct = direct(settings.no_proxy.as_deref().unwrap_or_default());
        let mut rules = Vec::new();
        let mut matcher = Matcher::builder().no(&direct);
        let given: [(&'static str, &Option<SecretString>, RuleOf); 3] = [
            ("https", &settings.https, |url| Proxy::https(url)),
            ("http", &settings.http, |url| Proxy::http(url)),
            ("all", &settings.all, |url| Proxy::all(url)),
        ];
        for (name, text, rule) in given {
            let Some(url) = text.as_ref().map(|text| parse(name, text)).transpose()?.flatten()
            else {
                continue;
            };
            matcher = match name {
                "https" => matcher.https(url.as_str()),
                "http" => matcher.http(url.as_str()),
                _ => matcher.all(url.as_str()),
            };
            let proxy = rule(url).map_err(|_| NetworkError::Proxy(name))?;
            rules.push(proxy.no_proxy(NoProxy::from_string(&direct)));
        }
        Ok(Self { rules, matcher: matcher.build() })
    }

    pub(crate) fn rules(&self) -> &[Proxy] {
        &self.rules
    }

    /// The URL of the proxy for a URL, without user and password; `None` where none is used.
    pub(crate) fn proxy(&self, url: &Url) -> Option<String> {
        let proxy = self.matcher.intercept(&url.as_str().parse().ok()?)?;
        Some(proxy.uri().to_string().trim_end_matches('/').to_owned())
    }
}

/// The URL of a proxy from a setting: a URL, or `host:port` for an HTTP proxy. `None` for an empty text.
fn parse(name: &'static str, text: &SecretString) -> Result<Option<Url>, NetworkError> {
    let text = text.expose_secret().trim();
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || NetworkError::Proxy(name);
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let mut url: Url = whole.parse().map_err(|_| wrong())?;
    // The library ignores what it cannot parse, and would send the request without a proxy.
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

/// The hosts of `NO_PROXY` and of this machine, in the form that the library accepts. In practice `NO_PROXY` is written
/// with commas or spaces, with `*.` before a domain, and with brackets around an address.
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

    fn proxy(settings: &ProxySettings, url: &str) -> Option<String> {
        ProxyRules::new(settings).unwrap().proxy(&url.parse().unwrap())
    }

    #[test]
    fn a_proxy_of_the_scheme_precedes_the_general_one() {
        let all = settings("http://s:1", "http://p:2", "socks5://a", "");
        assert_eq!(proxy(&all, "https://x.example/"), Some("http://s:1".into()));
        assert_eq!(proxy(&all, "http://x.example/"), Some("http://p:2".into()));
        let general = settings("", "p:2", "socks5h://u:pw@a", "");
        assert_eq!(proxy(&general, "https://x.example/"), Some("socks5h://a:1080".into()));
        assert_eq!(proxy(&general, "http://x.example/"), Some("http://p:2".into()));
        assert_eq!(proxy(&settings("", "", "", ""), "https://x.example/"), None);
    }

    #[test]
    fn no_proxy_is_read_in_all_common_forms() {
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
            assert_eq!(proxy(&settings, url).is_none(), direct, "{no_proxy:?} {url}");
        }
    }

    #[test]
    fn invalid_proxies_are_refused() {
        for bad in ["ftp://p:1", "http://", "://", "p:99999", "file:///x", "http://a b"] {
            let refused = ProxyRules::new(&settings(bad, "", "", ""));
            assert_eq!(refused.err(), Some(NetworkError::Proxy("https")), "{bad}");
        }
        for good in ["p", "p:3128", "http://u:p%40w@p:1/", "https://p", "socks4a://p", "[::1]:8"] {
            assert!(ProxyRules::new(&settings(good, "", "", "")).is_ok(), "{good}");
        }
    }
}
