//! URLs for messages, logs and receipts, without what may be secret.

use url::Url;

/// A URL for display: without user, password, query and fragment.
///
/// # Examples
/// ```
/// let url = "https://user:secret@host:8443/a/b?token=t#f".parse()?;
/// assert_eq!(loom_base::redact::url(&url), "https://host:8443/a/b");
/// # Ok::<(), url::ParseError>(())
/// ```
pub fn url(url: &Url) -> String {
    let mut url = url.clone();
    // Neither can fail where there is a host; where there is none, there is no user either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// The origin of a URL for display, `scheme://host[:port]`: which host a firewall has to let through.
pub fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// An invalid URL for display. The part before an `@` may hold a password, and the part after a `?` or `#` a token: both
/// are replaced by `***`.
pub fn text(text: &str) -> String {
    let (text, rest) = match text.find(['?', '#']) {
        Some(at) => (&text[..at], format!("{}***", &text[at..=at])),
        None => (text, String::new()),
    };
    let shown = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}***{}", &text[..scheme + 3], &text[at..])
        }
        (None, Some(at)) => format!("***{}", &text[at..]),
        _ => text.to_owned(),
    };
    shown + &rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        for (given, shown) in [
            ("https://user:pass@host:8443/a/b?token=t#f", "https://host:8443/a/b"),
            ("file:///srv/loom", "file:///srv/loom"),
        ] {
            assert_eq!(url(&given.parse().unwrap()), shown);
        }
        for (given, shown) in [
            ("https://user:p@ss@ho st/a?token=t", "https://***@ho st/a?***"),
            ("https://host/a#token", "https://host/a#***"),
            ("user:pass@host", "***@host"),
            ("/srv/loom", "/srv/loom"),
        ] {
            assert_eq!(text(given), shown);
        }
    }

    #[test]
    fn an_origin_names_scheme_host_and_port() {
        for (given, shown) in [
            ("https://u:p@host/a?b", "https://host"),
            ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080"),
            ("https://[::1]:1/", "https://[::1]:1"),
        ] {
            assert_eq!(origin(&given.parse().unwrap()), shown);
        }
    }
}
