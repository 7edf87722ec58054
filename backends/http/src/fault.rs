//! What the client library's errors mean.

use std::{error::Error, fmt};

use loom_source::{AccessDenied, RefusedBy, SourceError, SourceErrorKind};

/// The innermost reasons of an error, as one line; the library's own addresses are left out, they hold queries.
#[derive(Debug)]
pub(crate) struct ErrorChain(String);

impl fmt::Display for ErrorChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ErrorChain {}

/// The library's message where the connection to a proxy failed; the cause follows.
const TUNNEL: &str = "tunnel error: failed to create underlying connection";

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
        // Outer layers repeat the inner ones, or name only the layer. That a proxy stands in between is in the kind.
        let layer = text.starts_with("client error") || text == TUNNEL;
        if layer || words.last().is_some_and(|last| last.contains(&text)) {
            continue;
        }
        words.push(text);
    }
    if words.is_empty() { ErrorChain(error.to_string()) } else { ErrorChain(words.join(": ")) }
}

/// What it means that a request got no answer.
pub(crate) fn unanswered(at: &str, proxy: Option<String>, error: reqwest::Error) -> SourceError {
    if let Some(status) = causes(&error).find_map(proxy_login) {
        let denial = AccessDenied::by(RefusedBy::Proxy { status });
        return SourceError::denied(at, denial.because("it requires a user and a password"));
    }
    let kind = if causes(&error).any(is_tls) {
        SourceErrorKind::Tls
    } else if error.is_connect() {
        SourceErrorKind::Connect { proxy }
    } else if error.is_builder() {
        return SourceError::malformed(at, why(error).to_string());
    } else {
        SourceErrorKind::Interrupted { received: 0 }
    };
    SourceError::new(at, kind).caused_by(why(error))
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

/// The status with which a proxy refused to connect for want of a user and password: `Some(None)` for SOCKS, which has
/// no status. The client library's types are private, so that only their messages can be compared.
fn proxy_login(cause: &(dyn Error + 'static)) -> Option<Option<u16>> {
    let text = cause.to_string();
    if text.trim_start_matches("tunnel error: ") == "proxy authorization required" {
        return Some(Some(407));
    }
    let socks = text == "SOCKS error: credentials not accepted"
        || text.starts_with("SOCKS error: server does not support user/pass authentication");
    socks.then_some(None)
}

/// The error and its causes, the outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
