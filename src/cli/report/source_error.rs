//! Exit codes and hints of the errors of sources.

use loom_source::{
    AccessDenied, ErrorClass, RateLimitExceeded, RateLimitedClient, RefusedBy, SourceError,
    SourceErrorKind, TokenState,
};

use super::{CommandError, exit::Exit};

/// What may keep an address from answering.
const NO_ANSWER: &str = "check the address and the firewall; behind a proxy, set HTTPS_PROXY";

/// The exit code of an error of one source.
pub(crate) fn exit(error: &SourceError) -> Exit {
    match error.kind.class() {
        ErrorClass::Credentials => Exit::Credentials,
        ErrorClass::Offline => Exit::Offline,
        ErrorClass::Unreachable => Exit::Unreachable,
        ErrorClass::Untrusted => Exit::Integrity,
    }
}

/// The error of a source that was asked for what it offers.
pub(crate) fn unanswered(error: &SourceError) -> CommandError {
    let hint = hint(error).or_else(|| match error.kind {
        SourceErrorKind::Connect { .. } | SourceErrorKind::Stalled { .. } => {
            Some(NO_ANSWER.to_owned())
        }
        _ => None,
    });
    CommandError::of(exit(error), error).maybe_hint(hint)
}

/// The error of a checkout whose builds cannot be listed.
pub(crate) fn unlisted_builds(error: &SourceError) -> CommandError {
    CommandError::of(Exit::Failure, error).maybe_hint(hint(error))
}

/// The exit code where several sources failed with `codes`: the first that applies of integrity, credentials,
/// offline and unreachable, else the code of the first failure; `None` without a failure.
pub(crate) fn code_of_all(codes: &[u8]) -> Option<u8> {
    const ORDER: [Exit; 4] = [Exit::Integrity, Exit::Credentials, Exit::Offline, Exit::Unreachable];
    let first = ORDER.iter().map(|exit| exit.code()).find(|code| codes.contains(code));
    first.or(codes.first().copied())
}

/// What the user can do about an error of a source; `None` where there is nothing more specific than trying later.
pub(crate) fn hint(error: &SourceError) -> Option<String> {
    Some(match &error.kind {
        SourceErrorKind::PlainHttp => {
            "use https://, or set allow_http = true for this source".to_owned()
        }
        SourceErrorKind::Tls if speaks_plain_http(error) => {
            "the server answers in plain http: correct the port, or set allow_http = true for this source"
                .to_owned()
        }
        SourceErrorKind::HttpStatus { status: 429, .. } => {
            "the server accepts no more requests for a while: try again later, log in if it counts those without a login, \
             or name another source with --source"
                .to_owned()
        }
        SourceErrorKind::Tls => {
            "for a company proxy or a private certificate authority, give its certificate: ca = \"FILE.pem\" for this \
             source, or SSL_CERT_FILE"
                .to_owned()
        }
        SourceErrorKind::Offline => "remove --offline (LOOM_OFFLINE) to use the network".to_owned(),
        SourceErrorKind::HtmlPage => format!(
            "open {} in a browser: a proxy may require a login; HTTPS_PROXY and NO_PROXY are honoured",
            error.at
        ),
        SourceErrorKind::Connect { proxy: Some(_) } => {
            "check the proxy: HTTPS_PROXY, or proxy = \"…\" for this source; NO_PROXY names hosts without one".to_owned()
        }
        SourceErrorKind::AccessDenied(denial) => access_denied(&error.at, denial),
        SourceErrorKind::RateLimited(limit) => rate_limited(limit),
        SourceErrorKind::NoCredentials { .. } => {
            "give credentials in the way of the provider's own tools, or set anonymous = true for this source if it is \
             public"
                .to_owned()
        }
        SourceErrorKind::WrongRegion { region } => {
            format!("set region = {:?} for this source", region.as_deref().unwrap_or("REGION"))
        }
        SourceErrorKind::Untrusted { contradiction: true } => {
            "nothing of the mirror was used; ask its maintainer whether the index or a root was published wrongly"
                .to_owned()
        }
        SourceErrorKind::Untrusted { contradiction: false } => {
            "the maintainer of the mirror has to publish a new index: `loom mirror index`".to_owned()
        }
        _ => return None,
    })
}

/// Whether what came instead of a TLS record is no TLS.
fn speaks_plain_http(error: &SourceError) -> bool {
    loom_base::error_chain(error).contains("InvalidContentType")
}

fn access_denied(at: &str, denial: &AccessDenied) -> String {
    let check = if denial.may_be_absent { "check its name, or " } else { "" };
    match &denial.token {
        TokenState::Missing { variable, resource } => {
            let set = set_token(variable.as_deref());
            format!("{check}{set} with read access to {resource}")
        }
        TokenState::Invalid { variable } => format!(
            "the token in {variable} is invalid, revoked or expired: replace it, or unset {variable}"
        ),
        TokenState::SingleSignOn { variable } => format!(
            "authorise the token in {variable} for the organisation's single sign-on, in the token's settings on the web"
        ),
        TokenState::Insufficient { variable, resource } => format!(
            "{check}give the token in {variable} read access to the contents of {resource}, or unset {variable}"
        ),
        TokenState::Unknown if matches!(denial.by, RefusedBy::Proxy { .. }) => {
            "give the proxy's user and password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT, or proxy = \"…\" for this \
             source"
                .to_owned()
        }
        TokenState::Unknown => {
            format!("check the permission to read {at}, and the credentials for it")
        }
    }
}

fn set_token(variable: Option<&str>) -> String {
    match variable {
        Some(variable) => format!("set {variable} to a token"),
        None => "set token_env for this source to a variable that holds a token".to_owned(),
    }
}

fn rate_limited(limit: &RateLimitExceeded) -> String {
    let mut ways = Vec::new();
    if let RateLimitedClient::Anonymous { token_variable } = &limit.client {
        ways.push(set_token(token_variable.as_deref()));
    }
    if limit.exact_version_exempt {
        ways.push(
            "name an exact version that has .sha256 files (it needs no such request)".to_owned(),
        );
    }
    ways.push("name a mirror with --source".to_owned());
    match ways.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{}, or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn of(kind: SourceErrorKind) -> Option<String> {
        hint(&SourceError::new("https://host/a", kind))
    }

    #[test]
    fn hints_name_the_variable_or_setting() {
        let denied = |denial: AccessDenied| SourceErrorKind::AccessDenied(Box::new(denial));
        let token = |token| denied(AccessDenied::by_server(404).or_absent().with_token(token));
        let (variable, resource) = ("GITHUB_TOKEN".to_owned(), "o/r".to_owned());
        for (kind, expected) in [
            (SourceErrorKind::PlainHttp, "allow_http = true"),
            (SourceErrorKind::Tls, "ca ="),
            (SourceErrorKind::Offline, "LOOM_OFFLINE"),
            (SourceErrorKind::HttpStatus { status: 429, retry_after: None }, "try again later"),
            (SourceErrorKind::HtmlPage, "open https://host/a in a browser"),
            (SourceErrorKind::Connect { proxy: Some("http://p".into()) }, "HTTPS_PROXY"),
            (SourceErrorKind::NoCredentials { reason: "none".into() }, "anonymous = true"),
            (SourceErrorKind::WrongRegion { region: Some("eu".into()) }, "region = \"eu\""),
            (
                denied(AccessDenied::by(RefusedBy::Proxy { status: Some(407) })),
                "HTTPS_PROXY=http://USER:PASSWORD@",
            ),
            (denied(AccessDenied::by_server(401)), "https://host/a"),
            (
                token(TokenState::Missing { variable: Some(variable.clone()), resource }),
                "check its name, or set GITHUB_TOKEN",
            ),
            (token(TokenState::Invalid { variable: variable.clone() }), "unset GITHUB_TOKEN"),
            (token(TokenState::SingleSignOn { variable }), "single sign-on"),
        ] {
            let text = of(kind.clone()).unwrap_or_default();
            assert!(text.contains(expected), "{kind:?}: {text}");
        }
        assert_eq!(of(SourceErrorKind::Gone), None);
        assert_eq!(of(SourceErrorKind::Connect { proxy: None }), None);
    }

    #[test]
    fn a_server_without_tls_is_no_matter_of_certificates() {
        let error = SourceError::new("https://host/a", SourceErrorKind::Tls);
        let error = error.caused_by("received corrupt message of type InvalidContentType");
        assert!(hint(&error).unwrap().contains("allow_http = true"));
    }

    #[test]
    fn a_rate_limit_has_ways_around_it() {
        let limit = |client, exact_version_exempt| {
            let (until, after) = (SystemTime::UNIX_EPOCH, Duration::from_secs(60));
            let limit = RateLimitExceeded { client, until, after, exact_version_exempt };
            of(SourceErrorKind::RateLimited(Box::new(limit))).unwrap()
        };
        let anonymous = RateLimitedClient::Anonymous { token_variable: Some("T".into()) };
        assert_eq!(limit(anonymous, false), "set T to a token, or name a mirror with --source");
        let unconfigured = RateLimitedClient::Anonymous { token_variable: None };
        assert!(limit(unconfigured, true).starts_with("set token_env for this source"));
        let token = RateLimitedClient::Token { variable: "T".into() };
        assert_eq!(limit(token, false), "name a mirror with --source");
    }
}
