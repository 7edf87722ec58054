//! Samples of the errors of sources: while they are opened, and of their requests.

use std::time::{Duration, SystemTime};

use loom_cargo_build::CheckoutHint;
use loom_github::{GithubError, GithubRepoError};
use loom_http::NetworkError;
use loom_mirror::MirrorError;
use loom_oci::{OciError, reference::ReferenceError};
use loom_runtime::sources::{OpenError, certificates::CertificateError};
use loom_source::{
    AccessDenied, RateLimitExceeded, RateLimitedClient, RedirectRefusal, RefusedBy,
    RepositoryNameError, SourceError, SourceErrorKind, TokenState, TransferPhase,
};

use super::samples::{io_error, state_error};

variants!(OpenError {
    NoCheckout,
    Link,
    Ca,
    Certificates,
    EmptyToken,
    Mirror,
    GithubRepo,
    Github,
    Oci
});
variants!(CertificateError { Read, None });
variants!(MirrorError { Location, Scheme, ReadOnly, Network, Endpoint, Authorization });
variants!(GithubRepoError { Repo, Url });
variants!(GithubError { Network, Token, PlainToken });
variants!(OciError { Reference, Mirror, HalfLogin, Network });
variants!(ReferenceError { NoHost, Login, Query, Tag, Repository, Host });
variants!(NetworkError { Ca, Proxy, UserAgent });
variants!(SourceErrorKind {
    Connect,
    Tls,
    Offline,
    Stalled,
    TotalTimeout,
    HttpStatus,
    AccessDenied,
    RateLimited,
    NoCredentials,
    Interrupted,
    Read,
    Failed,
    Gone,
    HtmlPage,
    ContentEncoding,
    RangeMismatch,
    Redirect,
    WrongRegion,
    PlainHttp,
    Malformed,
    Damaged,
    Untrusted,
    Build
});
variants!(TransferPhase { Connect, Response, Body, Document, Pages });
variants!(RefusedBy { Server, Proxy, FileSystem, Plugin });
variants!(TokenState { Unknown, Missing, Invalid, SingleSignOn, Insufficient });
variants!(RedirectRefusal {
    Downgrade,
    NotHttp,
    ToLoopback,
    Offline,
    PlainHttp,
    InvalidUrl,
    TooMany
});

pub(super) fn open_errors() -> Vec<OpenError> {
    vec![
        OpenError::NoCheckout { hint: None },
        OpenError::NoCheckout { hint: Some(CheckoutHint::Unlinked("/src/loom".into())) },
        OpenError::Link(state_error()),
        OpenError::Ca {
            source_name: "corp".to_owned(),
            source: CertificateError::Read { path: "/ca.pem".into(), source: io_error() },
        },
        OpenError::Certificates(CertificateError::None("/certs".to_owned())),
        OpenError::EmptyToken { variable: "CORP_TOKEN".to_owned(), setting: "token_env" },
        OpenError::Mirror(MirrorError::Scheme("ftp".to_owned())),
        OpenError::GithubRepo(GithubRepoError::Repo("loom".to_owned())),
        OpenError::Github(GithubError::Token { from: "GITHUB_TOKEN".to_owned() }),
        OpenError::Oci(reference_error(ReferenceError::NoHost)),
    ]
}

pub(super) fn oci_errors() -> Vec<OciError> {
    let location = || "oci://registry.example/loom".to_owned();
    vec![
        reference_error(ReferenceError::NoHost),
        OciError::Mirror { mirror: "/x".to_owned(), source: ReferenceError::NoHost },
        OciError::HalfLogin { location: location(), missing: "password_env" },
        OciError::Network { location: location(), source: NetworkError::UserAgent },
    ]
}

pub(super) fn references() -> Vec<ReferenceError> {
    vec![
        ReferenceError::NoHost,
        ReferenceError::Login,
        ReferenceError::Query,
        ReferenceError::Tag,
        ReferenceError::Repository(RepositoryNameError::Component("A".to_owned())),
        ReferenceError::Repository(RepositoryNameError::Long),
        ReferenceError::Host("h h".to_owned()),
    ]
}

pub(super) fn reference_error(source: ReferenceError) -> OciError {
    OciError::Reference { location: "oci://registry.example/loom".to_owned(), source }
}

pub(super) fn certificate_errors() -> Vec<CertificateError> {
    vec![
        CertificateError::Read { path: "/ca.pem".into(), source: io_error() },
        CertificateError::None("/certs".to_owned()),
    ]
}

pub(super) fn mirror_errors() -> Vec<MirrorError> {
    let location = || "https://host/x".to_owned();
    let why = || "it names no bucket".to_owned();
    vec![
        MirrorError::Location { location: location(), why: why() },
        MirrorError::Scheme("ftp".to_owned()),
        MirrorError::ReadOnly { location: "https://mirror.example/loom".to_owned() },
        MirrorError::Network { location: location(), source: NetworkError::UserAgent },
        MirrorError::Endpoint { location: location(), why: why() },
        MirrorError::Authorization { location: location() },
    ]
}

pub(super) fn github_repo_errors() -> Vec<GithubRepoError> {
    vec![
        GithubRepoError::Repo("loom".to_owned()),
        GithubRepoError::Url { at: "ftp://host".to_owned(), reason: "it has no host" },
    ]
}

pub(super) fn github_errors() -> Vec<GithubError> {
    let (repo, from) = (|| "loom-os/loom".to_owned(), || "GITHUB_TOKEN".to_owned());
    vec![
        GithubError::Network { repo: repo(), source: NetworkError::Proxy("https") },
        GithubError::Token { from: from() },
        GithubError::PlainToken { repo: repo(), from: from() },
    ]
}

pub(super) fn network_errors() -> Vec<NetworkError> {
    vec![
        NetworkError::Ca("not PEM".to_owned()),
        NetworkError::Proxy("https"),
        NetworkError::UserAgent,
    ]
}

/// An error of a source at a URL.
pub(super) fn at_url(kind: SourceErrorKind) -> SourceError {
    SourceError::new("https://host/a", kind)
}

pub(super) fn denied(denial: AccessDenied) -> SourceErrorKind {
    SourceErrorKind::AccessDenied(Box::new(denial))
}

pub(super) fn stalled(phase: TransferPhase) -> SourceErrorKind {
    SourceErrorKind::Stalled { phase, timeout: Duration::from_secs(10) }
}

pub(super) fn redirect(refusal: RedirectRefusal) -> SourceErrorKind {
    SourceErrorKind::Redirect { to: "https://other/a".to_owned(), refusal }
}

fn rate_limited(client: RateLimitedClient, exact_version_exempt: bool) -> SourceErrorKind {
    SourceErrorKind::RateLimited(Box::new(RateLimitExceeded {
        client,
        until: SystemTime::UNIX_EPOCH,
        after: Duration::from_secs(60),
        exact_version_exempt,
    }))
}

pub(super) fn kinds() -> Vec<SourceErrorKind> {
    let text = str::to_owned;
    let token_variable = Some(text("GITHUB_TOKEN"));
    vec![
        SourceErrorKind::Connect { proxy: None },
        SourceErrorKind::Connect { proxy: Some(text("http://proxy:3128")) },
        SourceErrorKind::Tls,
        SourceErrorKind::Offline,
        stalled(TransferPhase::Response),
        SourceErrorKind::TotalTimeout { timeout: Duration::from_secs(60) },
        SourceErrorKind::HttpStatus { status: 503, retry_after: None },
        denied(AccessDenied::by_server(403).or_absent().because("AccessDenied")),
        rate_limited(RateLimitedClient::Anonymous { token_variable }, true),
        rate_limited(RateLimitedClient::Token { variable: text("GITHUB_TOKEN") }, false),
        SourceErrorKind::NoCredentials { reason: text("AWS_PROFILE is not set") },
        SourceErrorKind::Interrupted { received: 7 },
        SourceErrorKind::Read,
        SourceErrorKind::Failed,
        SourceErrorKind::Gone,
        SourceErrorKind::HtmlPage,
        SourceErrorKind::ContentEncoding { encoding: text("gzip") },
        SourceErrorKind::RangeMismatch { requested: 7, got: text("bytes 0-6") },
        redirect(RedirectRefusal::Downgrade),
        SourceErrorKind::WrongRegion { region: Some(text("eu-west-1")) },
        SourceErrorKind::WrongRegion { region: None },
        SourceErrorKind::PlainHttp,
        SourceErrorKind::Malformed { reason: text("not JSON") },
        SourceErrorKind::Damaged { reason: text("expected the SHA-256 AA, got BB") },
        SourceErrorKind::Untrusted { contradiction: true },
        SourceErrorKind::Untrusted { contradiction: false },
        SourceErrorKind::Build { command: text("cargo build"), reason: text("exit status 101") },
    ]
}

pub(super) fn phases() -> Vec<TransferPhase> {
    use TransferPhase::{Body, Connect, Document, Pages, Response};
    vec![Connect, Response, Body, Document, Pages]
}

pub(super) fn refusers() -> Vec<RefusedBy> {
    vec![
        RefusedBy::Server { status: 401 },
        RefusedBy::Proxy { status: Some(407) },
        RefusedBy::Proxy { status: None },
        RefusedBy::FileSystem,
        RefusedBy::Plugin,
    ]
}

pub(super) fn tokens() -> Vec<TokenState> {
    let variable = || "GITHUB_TOKEN".to_owned();
    let resource = || "loom-os/loom".to_owned();
    vec![
        TokenState::Unknown,
        TokenState::Missing { variable: Some(variable()), resource: resource() },
        TokenState::Missing { variable: None, resource: resource() },
        TokenState::Invalid { variable: variable() },
        TokenState::SingleSignOn { variable: variable() },
        TokenState::Insufficient { variable: variable(), resource: resource() },
    ]
}

pub(super) fn refusals() -> Vec<RedirectRefusal> {
    use RedirectRefusal::{
        Downgrade, InvalidUrl, NotHttp, Offline, PlainHttp, ToLoopback, TooMany,
    };
    vec![Downgrade, NotHttp, ToLoopback, Offline, PlainHttp, InvalidUrl, TooMany]
}
