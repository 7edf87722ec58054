//! Which redirects are followed, and with which headers.

use crate::support::{Server, client, failure, read, with};
use loom_http::{GetRequest, header};
use loom_source::SourceErrorKind;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

fn to(target: &str) -> String {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

#[tokio::test]
async fn credentials_are_sent_to_their_origin_only() {
    let other = Server::responding(&[OK]).await;
    let there = to(other.url("/signed?token=t").as_str());
    let near = to("/elsewhere");
    let server = Server::responding(&[&near, &there]).await;
    let headers = [
        (header::AUTHORIZATION, "Bearer s3cret".parse().unwrap()),
        (header::ACCEPT, "application/octet-stream".parse().unwrap()),
        (header::COOKIE, "a=b".parse().unwrap()),
        (header::HeaderName::from_static("private-token"), "s3cret".parse().unwrap()),
    ];
    let get = GetRequest::new(server.url("/x")).headers(headers.into_iter().collect());
    let download = client().get(&get).await.unwrap().unwrap().download;
    assert_eq!(read(download).await.0, b"hello");
    assert!(server.requests()[1].contains("authorization: bearer s3cret"));
    let request = &other.requests()[0];
    assert!(request.contains("accept: application/octet-stream"), "{request}");
    assert!(!request.contains("s3cret") && !request.contains("cookie"), "{request}");
}

#[tokio::test]
async fn redirects_are_limited() {
    let round = to("/x");
    let five = [round.as_str(), &round, &round, &round, &round, OK];
    let server = Server::responding(&five).await;
    assert!(client().get(&GetRequest::new(server.url("/x"))).await.unwrap().is_some());
    let six = [round.as_str(); 6];
    let server = Server::responding(&six).await;
    let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
    assert!(matches!(error.kind, SourceErrorKind::Redirect { .. }), "{error:?}");
}

#[tokio::test]
async fn redirects_never_lead_to_less_protection() {
    for target in
        ["http://mirror.invalid/x", "ftp://mirror.invalid/x", "file:///etc/passwd", "http://[::"]
    {
        let server = Server::responding(&[&to(target)]).await;
        let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
        assert!(matches!(error.kind, SourceErrorKind::Redirect { .. }), "{target}: {error:?}");
    }
}

#[tokio::test]
async fn plain_http_beyond_this_machine_must_be_allowed() {
    let get = || GetRequest::new("http://mirror.invalid/x".parse().unwrap());
    let error = failure(&client(), get()).await;
    assert!(matches!(error.kind, SourceErrorKind::PlainHttp), "{error:?}");
    let offline = with(|network| (network.allow_http, network.offline) = (true, true));
    let error = failure(&offline, get()).await;
    assert!(matches!(error.kind, SourceErrorKind::Offline), "{error:?}");
}
