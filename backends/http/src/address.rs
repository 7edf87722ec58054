//! What is this machine, what may be asked, and how addresses are shown.

use std::net::IpAddr;

use loom_source::SourceError;
use url::{Host, Url};

use crate::NetworkSettings;

/// An address for people: without user, password, query and fragment.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Neither can fail where there is a host; where there is none, there is no user either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// Whether the address is this machine: `localhost`, `127.0.0.0/8`, `::1`, or one that the system takes for it
/// (`0.0.0.0`, `::`, `::ffff:127.0.0.1`).
pub fn is_loopback(url: &Url) -> bool {
    let ip = match url.host() {
        Some(Host::Domain(name)) => return name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).to_canonical(),
        None => return false,
    };
    ip.is_loopback() || ip.is_unspecified()
}

/// Scheme, host and port, for people: who must be reachable.
pub fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// Whether a request may go to this address at all.
pub(crate) fn admit(network: &NetworkSettings, url: &Url) -> Result<(), SourceError> {
    if is_loopback(url) {
        return Ok(());
    }
    if network.offline {
        return Err(SourceError::Offline { at: shown(url) });
    }
    if url.scheme() == "http" && !network.allow_http {
        return Err(SourceError::Insecure { at: shown(url) });
    }
    Ok(())
}

/// Whether a redirect from one address to another may be followed, or why not.
pub(crate) fn follow(network: &NetworkSettings, from: &Url, to: &Url) -> Result<(), &'static str> {
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => {}
        ("https", "http") => return Err("https is never left for plain http"),
        _ => return Err("that is no http address"),
    }
    if is_loopback(to) && !is_loopback(from) {
        return Err("another machine may not send us to this one");
    }
    if !is_loopback(to) && network.offline {
        return Err("that is beyond this machine, and we are offline");
    }
    if to.scheme() == "http" && !is_loopback(to) && !network.allow_http {
        return Err("that is plain http beyond this machine");
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
    fn secrets_are_not_shown() {
        let shown = shown(&url("https://user:pass@host:8443/a/b?token=t#f"));
        assert_eq!(shown, "https://host:8443/a/b");
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for near in [
            "http://localhost:1/",
            "http://LOCALHOST/",
            "http://127.9.9.9/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://0.0.0.0/",
            "http://[::]/",
        ] {
            assert!(is_loopback(&url(near)), "{near}");
        }
        for far in
            ["http://localhost.example/", "http://128.0.0.1/", "http://10.0.0.1/", "http://[::2]/"]
        {
            assert!(!is_loopback(&url(far)), "{far}");
        }
    }

    #[test]
    fn plain_http_stays_on_this_machine_unless_allowed() {
        let strict = NetworkSettings::default();
        let lax = NetworkSettings { allow_http: true, ..NetworkSettings::default() };
        assert!(admit(&strict, &url("http://127.0.0.1:8/")).is_ok());
        assert!(admit(&strict, &url("https://host/")).is_ok());
        assert!(matches!(admit(&strict, &url("http://host/")), Err(SourceError::Insecure { .. })));
        assert!(admit(&lax, &url("http://host/")).is_ok());
        let offline = NetworkSettings { offline: true, ..lax };
        assert!(admit(&offline, &url("http://127.0.0.1:8/")).is_ok());
        assert!(matches!(admit(&offline, &url("https://host/")), Err(SourceError::Offline { .. })));
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
