//! What an error of the client library means.

use std::{error::Error, fmt};

use loom_source::{AccessDenied, RefusedBy, SourceError, SourceErrorKind};

/// The causes of an error of the client library, on one line. The library's URLs are left out: they have their queries.
#[derive(Debug)]
pub(crate) struct ErrorChain(String);

impl fmt::Display for ErrorChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ErrorChain {}

/// The library's message where the connection to a proxy failed; the cause follows.
const PROXY_CONNECT: &str = "tunnel error: failed to create underlying connection";

/// The library's whole message where a proxy refused a tunnel with a status other than 407.
const PROXY_REFUSED: &str = "tunnel error: unsuccessful";

/// The causes of an error of a request or of a body.
pub(crate) fn causes_of(error: reqwest::Error) -> ErrorChain {
    let error = error.without_url();
    let mut texts: Vec<String> = Vec::new();
    for cause in chain(&error).skip(1) {
        let mut text = cause.to_string();
        if text == PROXY_REFUSED {
            text = "the proxy refused the connection".to_owned();
        }
        // Some layers only name themselves, and outer layers repeat the text of inner ones. That the connection goes
        // through a proxy is part of the error's kind.
        let only_layer = text.starts_with("client error") || text == PROXY_CONNECT;
        if only_layer || texts.last().is_some_and(|last| last.contains(&text)) {
            continue;
        }
        texts.push(text);
    }
    if texts.is_empty() { ErrorChain(error.to_string()) } else { ErrorChain(texts.join(": ")) }
}

/// The error of a request that got no response.
pub(crate) fn of_request(at: &str, proxy: Option<String>, error: reqwest::Error) -> SourceError {
    if let Some(status) = chain(&error).find_map(proxy_login) {
        let denial = AccessDenied::by(RefusedBy::Proxy { status });
        return SourceError::denied(at, denial.because("it requires a user and a password"));
    }
    let kind = if chain(&error).any(is_tls) {
        SourceErrorKind::Tls
    } else if error.is_connect() {
        SourceErrorKind::Connect { proxy }
    } else if error.is_builder() {
        return SourceError::malformed(at, causes_of(error).to_string());
    } else {
        SourceErrorKind::Interrupted { received: 0 }
    };
    SourceError::new(at, kind).caused_by(causes_of(error))
}

/// Whether an error is one of certificates or of the TLS protocol, not of a broken connection. The error that an I/O
/// error wraps is not its `source()`, and one I/O error may wrap another.
fn is_tls(cause: &(dyn Error + 'static)) -> bool {
    if cause.is::<rustls::Error>() {
        return true;
    }
    let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.is_some_and(|inner| is_tls(inner))
}

/// The status with which a proxy required a user and password: `Some(None)` for SOCKS, which has no status. The library's
/// error types are private, so that only their messages can be compared.
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
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
