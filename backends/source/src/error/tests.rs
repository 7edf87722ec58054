use std::{
    collections::BTreeSet,
    error::Error as _,
    time::{Duration, SystemTime},
};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn kinds() -> Vec<SourceErrorKind> {
    use SourceErrorKind as Kind;
    let limit = RateLimitExceeded {
        client: RateLimitedClient::Token { variable: "T".into() },
        until: SystemTime::UNIX_EPOCH,
        after: SECOND,
        exact_version_exempt: false,
    };
    vec![
        Kind::Connect { proxy: None },
        Kind::Tls,
        Kind::Offline,
        Kind::Stalled { phase: TransferPhase::Body, timeout: SECOND },
        Kind::TotalTimeout { timeout: SECOND },
        Kind::HttpStatus { status: 500, retry_after: Some(SECOND) },
        Kind::AccessDenied(Box::new(AccessDenied::by_server(403))),
        Kind::RateLimited(Box::new(limit)),
        Kind::NoCredentials { reason: "none".into() },
        Kind::Interrupted { received: 1 },
        Kind::Read,
        Kind::Failed,
        Kind::Gone,
        Kind::HtmlPage,
        Kind::ContentEncoding { encoding: "gzip".into() },
        Kind::RangeMismatch { requested: 1, got: "none".into() },
        Kind::Redirect { to: "x".into(), refusal: RedirectRefusal::TooMany },
        Kind::WrongRegion { region: None },
        Kind::PlainHttp,
        Kind::Malformed { reason: "empty".into() },
        Kind::Damaged { reason: "another digest".into() },
        Kind::Build { command: "cargo build".into(), reason: "exit status: 101".into() },
    ]
}

#[test]
fn every_kind_has_a_name_of_its_own_and_names_the_place() {
    let kinds = kinds();
    let names: BTreeSet<&str> = kinds.iter().map(SourceErrorKind::as_str).collect();
    assert_eq!(names.len(), kinds.len());
    let plain = |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    assert!(names.iter().all(plain), "{names:?}");
    for kind in kinds {
        let message = SourceError::new("https://host/a", kind).to_string();
        assert!(message.contains("https://host/a"), "{message}");
    }
}

#[test]
fn only_transient_statuses_are_retried() {
    for (status, advice) in [
        (408, Advice::Retry { after: None }),
        (425, Advice::Retry { after: None }),
        (429, Advice::Retry { after: None }),
        (500, Advice::Retry { after: None }),
        (599, Advice::Retry { after: None }),
        (400, Advice::Next),
        (418, Advice::Next),
        (600, Advice::Next),
    ] {
        let kind = SourceErrorKind::HttpStatus { status, retry_after: None };
        assert_eq!(kind.advice(), advice, "{status}");
    }
}

#[test]
fn refusals_name_the_refusing_side() {
    let token = TokenState::Invalid { variable: "GITHUB_TOKEN".into() };
    for (denial, message) in [
        (AccessDenied::by_server(401), "/a refused access (HTTP 401)"),
        (
            AccessDenied::by_server(401).because("Bad credentials").with_token(token),
            "/a refused access (HTTP 401, Bad credentials, token from GITHUB_TOKEN)",
        ),
        (
            AccessDenied::by(RefusedBy::Proxy { status: Some(407) }),
            "the proxy refused access to /a (HTTP 407)",
        ),
        (AccessDenied::by(RefusedBy::Proxy { status: None }), "the proxy refused access to /a"),
        (AccessDenied::by(RefusedBy::FileSystem), "permission denied: /a"),
        (AccessDenied::by(RefusedBy::Plugin).because("no key"), "/a refused access (no key)"),
    ] {
        let error = SourceError::denied("/a", denial);
        assert_eq!(error.to_string(), message);
        assert_eq!(error.kind.class(), ErrorClass::Credentials);
        assert!(!error.kind.may_be_absent());
    }
}

#[test]
fn a_rate_limit_names_its_end() {
    let limit = RateLimitExceeded {
        client: RateLimitedClient::Anonymous { token_variable: Some("GITHUB_TOKEN".into()) },
        until: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800),
        after: Duration::from_millis(1_799_500),
        exact_version_exempt: true,
    };
    let error = SourceError::new("https://h", SourceErrorKind::RateLimited(Box::new(limit)));
    let expected = "https://h accepts no more requests from this network without a token until 1970-01-01T00:30:00Z (in 30m)";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_cause_is_kept() {
    let error = SourceError::read("/a", std::io::Error::other("broken disk"));
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("broken disk"));
    assert!(SourceError::malformed("/a", "empty").source().is_none());
}
