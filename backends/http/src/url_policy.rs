//! Which URLs may be requested, and which redirects are followed.

use loom_base::{loopback::is_loopback_url, redact};
use loom_source::{RedirectRefusal, SourceError, SourceErrorKind};
use url::Url;

use crate::network_settings::NetworkSettings;

/// Checks whether the settings permit a request to a URL. URLs of this machine are always permitted.
pub(crate) fn check_request(network: &NetworkSettings, url: &Url) -> Result<(), SourceError> {
    if is_loopback_url(url) {
        return Ok(());
    }
    if network.offline {
        return Err(SourceError::new(redact::url(url), SourceErrorKind::Offline));
    }
    if url.scheme() == "http" && !network.allow_http {
        return Err(SourceError::new(redact::url(url), SourceErrorKind::PlainHttp));
    }
    Ok(())
}

/// Checks whether a redirect may be followed. It must not lead to less protection, nor to a machine that only this one
/// can reach.
pub(crate) fn check_redirect(
    network: &NetworkSettings,
    from: &Url,
    to: &Url,
) -> Result<(), RedirectRefusal> {
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => {}
        ("https", "http") => return Err(RedirectRefusal::Downgrade),
        _ => return Err(RedirectRefusal::NotHttp),
    }
    if is_loopback_url(to) && !is_loopback_url(from) {
        return Err(RedirectRefusal::ToLoopback);
    }
    if !is_loopback_url(to) && network.offline {
        return Err(RedirectRefusal::Offline);
    }
    if to.scheme() == "http" && !is_loopback_url(to) && !network.allow_http {
        return Err(RedirectRefusal::PlainHttp);
    }
    Ok(())
}

/// Whether credentials for one URL may be sent to the other.
pub(crate) fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn plain_http_is_limited_to_this_machine_by_default() {
        let strict = NetworkSettings::default();
        let allowing = NetworkSettings { allow_http: true, ..NetworkSettings::default() };
        assert!(check_request(&strict, &url("http://127.0.0.1:8/")).is_ok());
        assert!(check_request(&strict, &url("https://host/")).is_ok());
        let refused = |network: &NetworkSettings, text: &str| {
            check_request(network, &url(text)).unwrap_err().kind
        };
        assert_eq!(refused(&strict, "http://host/"), SourceErrorKind::PlainHttp);
        assert!(check_request(&allowing, &url("http://host/")).is_ok());
        let offline = NetworkSettings { offline: true, ..allowing };
        assert!(check_request(&offline, &url("http://127.0.0.1:8/")).is_ok());
        assert_eq!(refused(&offline, "https://host/"), SourceErrorKind::Offline);
    }

    #[test]
    fn redirects_never_lead_to_less_protection() {
        let allowing = NetworkSettings { allow_http: true, ..NetworkSettings::default() };
        let strict = NetworkSettings::default();
        for (network, from, to, followed) in [
            (&strict, "https://a/", "https://b/", true),
            (&strict, "http://127.0.0.1/", "https://b/", true),
            (&strict, "http://127.0.0.1/", "http://127.0.0.1:2/", true),
            (&strict, "http://127.0.0.1/", "http://b/", false),
            (&allowing, "http://a/", "http://b/", true),
            (&allowing, "https://a/", "http://a/", false),
            (&allowing, "https://a/", "http://127.0.0.1/", false),
            (&allowing, "http://a/", "http://127.0.0.1/", false),
            (&allowing, "https://a/", "https://localhost/", false),
            (&allowing, "https://a/", "https://[::ffff:127.0.0.1]/", false),
            (&allowing, "https://a/", "https://0.0.0.0/", false),
            (&allowing, "https://a/", "ftp://a/", false),
            (&allowing, "https://a/", "file:///etc/passwd", false),
        ] {
            assert_eq!(
                check_redirect(network, &url(from), &url(to)).is_ok(),
                followed,
                "{from} -> {to}"
            );
        }
    }
}
