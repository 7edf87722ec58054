//! What the client library's errors mean.

use std::{error::Error, fmt};

use loom_source::SourceError;

/// The innermost reasons of an error, as one line; the library's own addresses are left out, they hold queries.
#[derive(Debug)]
pub(crate) struct ErrorChain(String);

impl fmt::Display for ErrorChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ErrorChain {}

/// All that the library says of a proxy's refusal of a tunnel other than 407.
const REFUSED: &str = "tunnel error: unsuccessful";

/// Why a request or a body failed, in the words of the layers below.
pub(crate) fn why(error: reqwest::Error) -> ErrorChain {
    let error = error.without_url();
    let mut words: Vec<String> = Vec::new();
    for cause in causes(&error).skip(1) {
        let mut text = cause.to_string();
        if text == REFUSED {
            text = "the proxy refuses to connect us: it does not allow this address, or it does not know us".into();
        }
        // Outer layers like to repeat the inner ones, or say no more than where they stand.
        if text.starts_with("client error") || words.last().is_some_and(|last| last.contains(&text))
        {
            continue;
        }
        words.push(text);
    }
    if words.is_empty() { ErrorChain(error.to_string()) } else { ErrorChain(words.join(": ")) }
}

/// What it means that a request got no answer.
pub(crate) fn unanswered(at: &str, error: reqwest::Error) -> SourceError {
    let at = at.to_owned();
    if causes(&error).any(wants_login) {
        let status = "407, the proxy wants a user and password".to_owned();
        return SourceError::Credentials { at, status };
    }
    if causes(&error).any(is_tls) {
        return SourceError::Tls { at, source: why(error).into() };
    }
    if error.is_connect() {
        return SourceError::Connect { at, source: why(error).into() };
    }
    if error.is_builder() {
        return SourceError::Malformed { at, why: why(error).to_string() };
    }
    SourceError::Interrupted { at, read: 0, source: Some(why(error).into()) }
}

/// Whether this is a certificate or protocol failure of TLS, and not a connection that broke.
///
/// What an I/O error wraps is not its `source()`, and one may wrap another.
fn is_tls(cause: &(dyn Error + 'static)) -> bool {
    if cause.is::<rustls::Error>() {
        return true;
    }
    let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.is_some_and(|inner| is_tls(inner))
}

/// Whether a proxy refused to make the connection because it does not know us. The types that say so are private.
fn wants_login(cause: &(dyn Error + 'static)) -> bool {
    let text = cause.to_string();
    ["proxy authorization required", "SOCKS error: credentials not accepted"]
        .contains(&text.trim_start_matches("tunnel error: "))
        || text.starts_with("SOCKS error: server does not support user/pass authentication")
}

/// The error and its causes, the outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
