//! Responses of every kind, byte by byte.

use std::time::Duration;

use crate::support::{ScriptStep, Server, client, failure, read, with};
use loom_http::GetRequest;
use loom_source::{RangeRequest, SourceErrorKind, Validator};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\nhello";

fn resume(from: u64, tag: Option<&str>) -> RangeRequest {
    let strong = |tag: &str| Validator::Strong(tag.to_owned());
    let weak = |tag: &str| Validator::Weak(tag.to_owned());
    let validator = tag.map(|tag| if tag.starts_with('"') { strong(tag) } else { weak(tag) });
    RangeRequest { from, validator }
}

#[tokio::test]
async fn a_file_arrives_with_its_size_and_validator() {
    let server = Server::responding(&[OK]).await;
    let response = client().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap();
    let download = response.download;
    assert_eq!((download.start, download.total), (0, Some(5)));
    assert_eq!(download.validator, Some(Validator::Strong("\"a\"".into())));
    assert_eq!(read(download).await.0, b"hello");
    let request = &server.requests()[0];
    assert!(request.contains("accept-encoding: identity\r\n"), "{request}");
    assert!(request.contains("user-agent: loom-rt/"), "{request}");
    assert!(!request.contains("range:"), "{request}");
}

#[tokio::test]
async fn an_interrupted_body_has_the_number_of_bytes() {
    for response in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n",
    ] {
        let server = Server::responding(&[response]).await;
        let response = client().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap();
        let (bytes, error) = read(response.download).await;
        assert_eq!(bytes, b"hell");
        assert!(
            matches!(
                error.as_ref().map(|error| &error.kind),
                Some(SourceErrorKind::Interrupted { received: 4, .. })
            ),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_shorter_range_is_an_interrupted_body() {
    let part =
        "HTTP/1.1 206 Partial\r\nContent-Length: 3\r\nContent-Range: bytes 2-4/10\r\n\r\nllo";
    let server = Server::responding(&[part]).await;
    let get = GetRequest::new(server.url("/x")).range(resume(2, None));
    let download = client().get(&get).await.unwrap().unwrap().download;
    assert_eq!((download.start, download.total), (2, Some(10)));
    let (bytes, error) = read(download).await;
    assert_eq!(bytes, b"llo");
    assert!(
        matches!(
            error.as_ref().map(|error| &error.kind),
            Some(SourceErrorKind::Interrupted { received: 3, .. })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_silent_server_takes_one_timeout() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Le".to_vec();
    for steps in [
        vec![ScriptStep::Hold],
        vec![ScriptStep::Read, ScriptStep::Hold],
        vec![ScriptStep::Read, ScriptStep::Send(half), ScriptStep::Hold],
    ] {
        let server = Server::new(vec![steps.clone(), steps]).await;
        let client = with(|network| network.timeout = Duration::from_millis(150));
        let error = failure(&client, GetRequest::new(server.url("/x"))).await;
        assert!(matches!(error.kind, SourceErrorKind::Stalled { .. }), "{error:?}");
        assert!(server.requests().len() < 2, "it was requested again");
    }
}

#[tokio::test]
async fn a_body_without_progress_is_stalled() {
    let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhell".to_vec();
    let server =
        Server::new(vec![vec![ScriptStep::Read, ScriptStep::Send(begun), ScriptStep::Hold]]).await;
    let client = with(|network| network.timeout = Duration::from_millis(150));
    let response = client.get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap();
    let (bytes, error) = read(response.download).await;
    assert_eq!(bytes, b"hell");
    assert!(
        matches!(error.as_ref().map(|error| &error.kind), Some(SourceErrorKind::Stalled { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn slow_progress_ends_with_the_total_timeout() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".to_vec();
    let server =
        Server::new(vec![vec![ScriptStep::Read, ScriptStep::Send(head), ScriptStep::Drip]]).await;
    let client = with(|network| network.total_timeout = Some(Duration::from_millis(300)));
    let response = client.get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap();
    let (bytes, error) = read(response.download).await;
    assert!(!bytes.is_empty());
    assert!(
        matches!(
            error.as_ref().map(|error| &error.kind),
            Some(SourceErrorKind::TotalTimeout { .. })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_transfer_is_resumed_with_a_strong_tag_only() {
    let rest = "HTTP/1.1 206 Partial\r\nContent-Length: 3\r\nContent-Range: bytes 2-4/5\r\nETag: \"a\"\r\n\r\nllo";
    for (tag, if_range) in [(Some("\"a\""), true), (None, false)] {
        let server = Server::responding(&[rest]).await;
        let get = GetRequest::new(server.url("/x")).range(resume(2, tag));
        let download = client().get(&get).await.unwrap().unwrap().download;
        assert_eq!((download.start, download.total), (2, Some(5)));
        assert_eq!(read(download).await.0, b"llo");
        let request = &server.requests()[0];
        assert!(request.contains("range: bytes=2-\r\n"), "{request}");
        assert_eq!(request.contains("if-range: \"a\"\r\n"), if_range, "{request}");
    }
}

#[tokio::test]
async fn a_range_of_another_content_is_requested_again_as_a_whole() {
    let other = "HTTP/1.1 206 Partial\r\nContent-Length: 3\r\nContent-Range: bytes 2-4/5\r\nETag: W/\"b\"\r\nConnection: close\r\n\r\nxxx";
    let server = Server::responding(&[other, OK]).await;
    let get = GetRequest::new(server.url("/x")).range(resume(2, Some("W/\"a\"")));
    let download = client().get(&get).await.unwrap().unwrap().download;
    assert_eq!(download.start, 0);
    assert_eq!(read(download).await.0, b"hello");
    assert!(!server.requests()[1].contains("range:"));
}

#[tokio::test]
async fn a_server_without_ranges_starts_from_zero() {
    let server = Server::responding(&[OK]).await;
    let get = GetRequest::new(server.url("/x")).range(resume(2, None));
    let download = client().get(&get).await.unwrap().unwrap().download;
    assert_eq!((download.start, download.total), (0, Some(5)));
    assert_eq!(read(download).await.0, b"hello");
}

#[tokio::test]
async fn another_range_than_the_requested_one_is_an_error() {
    let wrong =
        "HTTP/1.1 206 Partial\r\nContent-Length: 4\r\nContent-Range: bytes 1-4/5\r\n\r\nello";
    let server = Server::responding(&[wrong]).await;
    let get = GetRequest::new(server.url("/x")).range(resume(2, None));
    let error = failure(&client(), get).await;
    assert!(matches!(error.kind, SourceErrorKind::RangeMismatch { requested: 2, .. }), "{error:?}");
}

#[tokio::test]
async fn status_416_is_the_end_or_a_restart() {
    let end = "HTTP/1.1 416 No\r\nContent-Length: 0\r\nContent-Range: bytes */5\r\nConnection: close\r\n\r\n";
    let server = Server::responding(&[end, end, OK]).await;
    let get = GetRequest::new(server.url("/x")).range(resume(5, None));
    let download = client().get(&get).await.unwrap().unwrap().download;
    assert_eq!((download.start, download.total), (5, Some(5)));
    assert!(matches!(read(download).await, (bytes, None) if bytes.is_empty()));
    let get = GetRequest::new(server.url("/x")).range(resume(7, None));
    let download = client().get(&get).await.unwrap().unwrap().download;
    assert_eq!((download.start, download.total), (0, Some(5)));
    assert_eq!(read(download).await.0, b"hello");
}

#[tokio::test]
async fn an_html_page_is_an_error() {
    let typed = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello";
    let begun = "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n\n<!DOCTYPE html><p>hi ";
    let server = Server::responding(&[typed, begun, typed]).await;
    for _ in 0..2 {
        let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
        assert!(matches!(error.kind, SourceErrorKind::HtmlPage), "{error:?}");
    }
    let get = GetRequest::new(server.url("/x")).allow_html();
    let download = client().get(&get).await.unwrap().unwrap().download;
    assert_eq!(read(download).await.0, b"hello");
}

#[tokio::test]
async fn html_is_recognised_in_pieces() {
    let pieces = |pieces: &[&str]| {
        let mut steps = vec![ScriptStep::Read];
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_bytes();
        steps.push(ScriptStep::Send(head.to_vec()));
        let chunk =
            |piece: &&str| ScriptStep::Send(format!("{:x}\r\n{piece}\r\n", piece.len()).into());
        steps.extend(pieces.iter().map(chunk));
        steps.push(ScriptStep::Send(b"0\r\n\r\n".to_vec()));
        steps
    };
    let page = pieces(&["  ", "<", "HT", "ML>"]);
    let file = pieces(&["<", "ht", "xx>", "rest"]);
    let short = pieces(&["<", "ht"]);
    let server = Server::new(vec![page, file, short]).await;
    let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
    assert!(matches!(error.kind, SourceErrorKind::HtmlPage), "{error:?}");
    for expected in ["<htxx>rest", "<ht"] {
        let download =
            client().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap().download;
        let (bytes, error) = read(download).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(bytes, expected.as_bytes());
    }
}

#[tokio::test]
async fn content_encodings_are_refused() {
    let gzip = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello";
    let server = Server::responding(&[gzip]).await;
    let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
    assert!(matches!(error.kind, SourceErrorKind::ContentEncoding { .. }), "{error:?}");
}

#[tokio::test]
async fn refusal_and_absence_differ() {
    for status in [401, 403, 407] {
        let response = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n");
        let server = Server::responding(&[&response]).await;
        let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
        assert!(matches!(error.kind, SourceErrorKind::AccessDenied(_)), "{error:?}");
    }
    for status in [404, 410] {
        let response = format!(
            "HTTP/1.1 {status} No\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
        );
        let server = Server::responding(&[&response]).await;
        assert!(client().get(&GetRequest::new(server.url("/x"))).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn transient_errors_are_retried() {
    let busy = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let limited =
        "HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let server = Server::responding(&[busy, limited, OK]).await;
    let download =
        client().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap().download;
    assert_eq!(read(download).await.0, b"hello");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_connection_closed_without_a_response_is_retried() {
    let server = Server::new(vec![
        vec![ScriptStep::Read],
        vec![ScriptStep::Read, ScriptStep::Send(OK.into())],
    ])
    .await;
    let download =
        client().get(&GetRequest::new(server.url("/x"))).await.unwrap().unwrap().download;
    assert_eq!(read(download).await.0, b"hello");
}

#[tokio::test]
async fn interrupted_small_files_are_requested_again() {
    let torn = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhel";
    let server = Server::responding(&[torn, OK]).await;
    let bytes = client().get_bytes(&GetRequest::new(server.url("/x")), 5).await.unwrap().unwrap();
    assert_eq!(bytes, "hello");
}

#[tokio::test]
async fn small_files_have_a_limit() {
    let server = Server::responding(&[OK]).await;
    let error = client().get_bytes(&GetRequest::new(server.url("/x")), 4).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::Malformed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_long_retry_after_is_not_waited_for() {
    let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n";
    let server = Server::responding(&[busy, OK]).await;
    let error = failure(&client(), GetRequest::new(server.url("/x"))).await;
    let requested = Some(Duration::from_secs(3600));
    assert!(
        matches!(error.kind, SourceErrorKind::HttpStatus { status: 503, retry_after, .. } if retry_after == requested)
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_closed_port_is_a_failure_to_connect() {
    let server = Server::responding(&[]).await;
    let url = server.url("/x");
    drop(server);
    let error = failure(&client(), GetRequest::new(url)).await;
    assert!(matches!(error.kind, SourceErrorKind::Connect { .. }), "{error:?}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("refused"), "{cause}");
}

#[tokio::test]
async fn a_refused_file_leaves_the_connection_usable() {
    let absent = "HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\nnot here\n";
    let steps = vec![
        ScriptStep::Read,
        ScriptStep::Send(absent.into()),
        ScriptStep::Read,
        ScriptStep::Send(OK.into()),
    ];
    let server = Server::new(vec![steps]).await;
    let client = client();
    assert!(client.get(&GetRequest::new(server.url("/x"))).await.unwrap().is_none());
    let download = client.get(&GetRequest::new(server.url("/y"))).await.unwrap().unwrap().download;
    assert_eq!(read(download).await.0, b"hello");
}

#[tokio::test]
async fn errors_show_no_secrets() {
    let broken = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhell";
    let busy = "HTTP/1.1 418 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let server = Server::responding(&[broken, busy, "nonsense\r\n\r\n"]).await;
    let text = format!("http://user:pa%73sword@{}/x?key=password", server.address);
    let client = with(|network| network.retry = loom_http::RequestRetry::NEVER);
    for _ in 0..4 {
        let error = failure(&client, GetRequest::new(text.parse().unwrap())).await;
        let shown = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
        assert!(!shown.contains("password") && !shown.contains("user"), "{shown}");
        assert!(shown.contains("/x"), "{shown}");
    }
    let request = &server.requests()[0];
    // user:password in base64, in lower case as in the log
    assert!(request.contains("authorization: basic dxnlcjpwyxnzd29yza=="), "{request}");
    assert!(request.starts_with("get /x?key=password http/1.1"), "{request}");
    let get = format!("{:?}", GetRequest::new(text.parse().unwrap()));
    assert!(!get.contains("password") && !get.contains("dXNl"), "{get}");
}
