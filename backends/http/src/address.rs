//! Which URLs may be requested, and which redirects are followed.

use loom_base::{loopback::is_loopback_url, redact};
use loom_source::{RedirectRefusal, SourceError, SourceErrorKind};
use url::Url;

use crate::NetworkSettings;

/// Whether a request may go to this address at all.
pub(crate) fn admit(network: &NetworkSettings, url: &Url) -> Result<(), SourceError> {
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

/// Whether a redirect from one address to another may be followed, or why not.
pub(crate) fn follow(
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

/// Whether credentials given for one address may be shown to the other.
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
    fn plain_http_stays_on_this_machine_unless_allowed() {
        let strict = NetworkSettings::default();
        let lax = NetworkSettings { allow_http: true, ..NetworkSettings::default() };
        assert!(admit(&strict, &url("http://127.0.0.1:8/")).is_ok());
        assert!(admit(&strict, &url("https://host/")).is_ok());
        let refused =
            |network: &NetworkSettings, text: &str| admit(network, &url(text)).unwrap_err().kind;
        assert_eq!(refused(&strict, "http://host/"), SourceErrorKind::PlainHttp);
        assert!(admit(&lax, &url("http://host/")).is_ok());
        let offline = NetworkSettings { offline: true, ..lax };
        assert!(admit(&offline, &url("http://127.0.0.1:8/")).is_ok());
        assert_eq!(refused(&offline, "https://host/"), SourceErrorKind::Offline);
    }

    #[test]
    fn redirects_never_lead_to_less() {
        let lax = NetworkSettings { allow_http: true, ..NetworkSettings::default() };
        let strict = NetworkSettings::default();
        for (network, from, to, followed) in [
            (&strict, "https://a/", "https://b/", true),
            (&strict, "http://127.0.0.1/", "https://b/", true),
            (&strict, "http://127.0.0.1/", "http://127.0.0.1:2/", true),
            (&strict, "http://127.0.0.1/", "http://b/", false),
            (&lax, "http://a/", "http://b/", true),
            (&lax, "https://a/", "http://a/", false),
            (&lax, "https://a/", "http://127.0.0.1/", false),
            (&lax, "http://a/", "http://127.0.0.1/", false),
            (&lax, "https://a/", "https://localhost/", false),
            (&lax, "https://a/", "https://[::ffff:127.0.0.1]/", false),
            (&lax, "https://a/", "https://0.0.0.0/", false),
            (&lax, "https://a/", "ftp://a/", false),
            (&lax, "https://a/", "file:///etc/passwd", false),
        ] {
            assert_eq!(follow(network, &url(from), &url(to)).is_ok(), followed, "{from} -> {to}");
        }
    }
}
