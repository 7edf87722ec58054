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

/// An invalid URL for display. What precedes an `@` may hold a password, and what follows a `?` or `#` a token: both are
/// replaced by `***`. Where a `?` or `#` comes before the `@`, nothing tells which of them is part of a password, and only
/// the scheme is shown.
pub fn text(text: &str) -> String {
    let (scheme, rest) = match text.find("://") {
        Some(at) => text.split_at(at + 3),
        None => ("", text),
    };
    let shown = match (rest.rfind('@'), rest.find(['?', '#'])) {
        (Some(at), Some(mark)) if mark < at => "***".to_owned(),
        (Some(at), Some(mark)) => format!("***{}***", &rest[at..=mark]),
        (Some(at), None) => format!("***{}", &rest[at..]),
        (None, Some(mark)) => format!("{}***", &rest[..=mark]),
        (None, None) => rest.to_owned(),
    };
    format!("{scheme}{shown}")
}

/// The longest text that a message repeats, in characters.
const LONGEST: usize = 80;
/// A run of letters and digits that is as long may be a key.
const KEY_LENGTH: usize = 20;

/// A text that is no valid value, for the message that says so. It may be anything, such as an address with a password or
/// a key in the wrong variable: shown is what has the form of neither, and no more than the beginning of a long text.
///
/// # Examples
/// ```
/// use loom_base::redact::unusable;
///
/// assert_eq!(unusable("bridge-x"), "bridge-x");
/// assert_eq!(unusable("htp//ada:secret@host/x"), "***@host/x");
/// assert_eq!(unusable("ghp_16C7e42F292c6912E7710c838347Ae178B4a"), "***");
/// ```
pub fn unusable(invalid: &str) -> String {
    let mut shown = String::new();
    let mut rest = text(invalid);
    // The names of variables are no secrets, and their values are not here.
    while let Some((before, (variable, after))) = variable(&rest) {
        shown.push_str(&without_keys(&without_password(before)));
        shown.push_str(&match variable.split_once(':') {
            Some((name, _)) => format!("${{{name}:-***}}"),
            None => format!("${{{variable}}}"),
        });
        rest = after.to_owned();
    }
    shown.push_str(&without_keys(&without_password(&rest)));
    match shown.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &shown[..at]),
        None => shown,
    }
}

/// The text before the first `${…}`, what is between its braces, and what follows it.
fn variable(text: &str) -> Option<(&str, (&str, &str))> {
    let (before, inner) = text.split_once("${")?;
    Some((before, inner.split_once('}')?))
}

/// The text without what follows a colon, unless that is a number, a path or empty: the end of an address whose
/// beginning is a user's name is the password.
fn without_password(text: &str) -> String {
    let (scheme, rest) = match text.find("://") {
        Some(at) => text.split_at(at + 3),
        None => ("", text),
    };
    let mut parts = rest.split(':');
    let mut shown = format!("{scheme}{}", parts.next().unwrap_or_default());
    for part in parts {
        let first = part.split(['/', '\\', ' ', ',']).next().unwrap_or_default();
        shown.push(':');
        if !first.bytes().all(|b| b.is_ascii_digit() || b == b']') {
            shown.push_str("***");
            break;
        }
        shown.push_str(part);
    }
    shown
}

/// The text with each run of letters, digits and underscores that may be a key replaced.
fn without_keys(text: &str) -> String {
    let in_run = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut shown = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(in_run) {
        let end = rest[start..].find(|c| !in_run(c)).map_or(rest.len(), |end| start + end);
        let run = &rest[start..end];
        shown.push_str(&rest[..start]);
        let is_key = run.len() >= KEY_LENGTH && run.bytes().any(|b| b.is_ascii_digit());
        shown.push_str(if is_key { "***" } else { run });
        rest = &rest[end..];
    }
    shown + rest
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
            ("https://user:p#ss@host", "https://***"),
            ("https://user:p?ss@host/a", "https://***"),
            ("https://host/a?mail=me@host&key=t", "https://***"),
        ] {
            assert_eq!(text(given), shown);
        }
    }

    #[test]
    fn an_unusable_value_shows_neither_password_nor_key() {
        for (given, shown) in [
            ("newest", "newest"),
            (">=0.1,<0..3", ">=0.1,<0..3"),
            ("h:70000", "h:70000"),
            ("[::1]:x", "[::1]:***"),
            ("me:hush@h:1", "***@h:1"),
            ("https://me:hu", "https://me:***"),
            ("htps:/me:hush", "htps:/me:***"),
            ("me:hush", "me:***"),
            ("${USER}:${PASSWORD}", "${USER}:${PASSWORD}"),
            ("${SECRET}hush:hush", "${SECRET}hush:***"),
            ("${open:hush", "${open:***"),
            ("${SECRET:-hush}", "${SECRET:-***}"),
            ("sk-ant-api03-abcdefghijklmnop1234", "sk-ant-api03-***"),
            ("an_explanation_without_digits", "an_explanation_without_digits"),
            (&"x".repeat(99), &format!("{}…", "x".repeat(80))),
        ] {
            assert_eq!(unusable(given), shown);
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
